//! Many bytes at once out of shared memory, by instructions that the compiler does not look into.
//!
//! An `asm` block may do whatever the machine may, and for the machine a load of memory that somebody writes to is no
//! more than a load: the C library's `memcpy`, called from there, is neither folded nor repeated, and its reads are none
//! of Rust's.

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// Bytes ahead of what is read that the memory is asked for: it begins anew with each page on its own.
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(in super::super) const AHEAD: usize = 2048;

/// From so many bytes on, a call is cheaper than a loop over blocks.
pub(super) const MANY: usize = 256;

/// Copies `len` bytes.
///
/// # Safety
///
/// `len` bytes at `from` are readable, `len` bytes at `to` are writable and nobody else's, and the two are apart.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: `memcpy` by the platform's calling convention, all of whose clobbered registers are named; the stack is
    // aligned for a call, since the block may use it; it writes `len` bytes at `to` and reads as many: the caller's duty.
    unsafe {
        core::arch::asm!(
            "call {memcpy}",
            memcpy = sym libc::memcpy,
            inout("rdi") to => _,
            inout("rsi") from => _,
            inout("rdx") len => _,
            out("rax") _,
            clobber_abi("C"),
        );
    }
}

/// Copies `len` bytes.
///
/// # Safety
///
/// As above.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's duty.
    unsafe { super::copy_blocks(from, to, len) };
}

/// Copies `len` bytes past the cache: what is written is not read into it first, and what it holds stays. A [`fence`] has to
/// follow before other threads may know of them.
///
/// # Safety
///
/// That of [`copy`].
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
pub(super) unsafe fn copy_past_cache(from: *const u8, to: *mut u8, len: usize) {
    let head = to.align_offset(LINE).min(len);
    // SAFETY: the first `head` of `len` bytes.
    unsafe { copy(from, to, head) };
    let (from, to, len) = (from.wrapping_add(head), to.wrapping_add(head), len - head);
    let lines = len / LINE;
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the machine has AVX: just asked; `lines` lines of what the caller gave, and the head aligned the target.
        unsafe { wide_lines_past_cache(from, to, lines) };
    } else {
        // SAFETY: the same.
        unsafe { lines_past_cache(from, to, lines) };
    }
    let done = lines * LINE;
    // SAFETY: the rest of `len` bytes.
    unsafe { copy(from.wrapping_add(done), to.wrapping_add(done), len - done) };
}

/// Copies whole lines past the cache, by instructions of every x86-64.
///
/// # Safety
///
/// That of [`copy`], for so many lines, and the target is aligned to them.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
unsafe fn lines_past_cache(from: *const u8, to: *mut u8, lines: usize) {
    if lines == 0 {
        return;
    }
    // SAFETY: lines are read at any alignment, and written to lines that are aligned: the caller's duty. This thread reads
    // what it wrote so; others do after `fence`.
    unsafe {
        core::arch::asm!(
            "2:",
            "movdqu {a}, [{from}]",
            "movdqu {b}, [{from} + 16]",
            "movdqu {c}, [{from} + 32]",
            "movdqu {d}, [{from} + 48]",
            "movntdq [{to}], {a}",
            "movntdq [{to} + 16], {b}",
            "movntdq [{to} + 32], {c}",
            "movntdq [{to} + 48], {d}",
            "add {from}, 64",
            "add {to}, 64",
            "dec {lines}",
            "jnz 2b",
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            lines = inout(reg) lines => _,
            a = out(xmm_reg) _,
            b = out(xmm_reg) _,
            c = out(xmm_reg) _,
            d = out(xmm_reg) _,
            options(nostack),
        );
    }
}

/// The same, where the machine has AVX.
///
/// # Safety
///
/// As above.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
#[target_feature(enable = "avx")]
unsafe fn wide_lines_past_cache(from: *const u8, to: *mut u8, lines: usize) {
    if lines == 0 {
        return;
    }
    // SAFETY: as above; what is asked for ahead may be any address.
    unsafe {
        core::arch::asm!(
            "2:",
            "prefetchnta [{from} + {ahead}]",
            "vmovdqu {a}, [{from}]",
            "vmovdqu {b}, [{from} + 32]",
            "vmovntdq [{to}], {a}",
            "vmovntdq [{to} + 32], {b}",
            "add {from}, 64",
            "add {to}, 64",
            "dec {lines}",
            "jnz 2b",
            ahead = const AHEAD,
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            lines = inout(reg) lines => _,
            a = out(ymm_reg) _,
            b = out(ymm_reg) _,
            options(nostack),
        );
    }
}

/// Copies `len` bytes.
///
/// # Safety
///
/// That of [`copy`].
#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
pub(super) unsafe fn copy_past_cache(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's duty.
    unsafe { copy(from, to, len) };
}

/// Puts what was written past the cache before whatever is written next.
pub(super) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: an instruction of every x86-64.
    unsafe {
        core::arch::x86_64::_mm_sfence();
    }
}

/// Copies [`LINE`] bytes, at any alignment.
///
/// # Safety
///
/// That of [`copy`].
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
pub(in super::super) unsafe fn copy_line(from: *const u8, to: *mut u8) {
    use core::arch::x86_64::{__m128i, _mm_storeu_si128};
    const BLOCK: usize = size_of::<__m128i>();
    for block in 0..LINE / BLOCK {
        let (source, target) = (from.wrapping_add(block * BLOCK), to.wrapping_add(block * BLOCK));
        let bytes: __m128i;
        // SAFETY: an instruction of every x86-64, which reads 16 bytes of the line at any alignment and writes the register.
        unsafe {
            core::arch::asm!(
                "movdqu {bytes}, [{source}]",
                bytes = lateout(xmm_reg) bytes,
                source = in(reg) source,
                options(nostack, readonly, preserves_flags),
            );
        }
        // SAFETY: 16 bytes of the target's line, at any alignment.
        unsafe { _mm_storeu_si128(target.cast(), bytes) };
    }
}

/// Copies [`LINE`] bytes, at any alignment.
///
/// # Safety
///
/// That of [`copy`].
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
pub(in super::super) unsafe fn copy_line(from: *const u8, to: *mut u8) {
    // SAFETY: the caller's duty.
    unsafe { super::copy_blocks(from, to, LINE) };
}

/// Asks the memory for what lies some lines behind this one, which may be anything.
#[inline(always)]
pub(super) fn ask_ahead(from: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, for any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(AHEAD).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = from;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_go_past_the_cache_unchanged_and_none_beside_them(
            len in 0usize..700, from in 0usize..70, to in 0usize..70,
        ) {
            let source: Vec<u8> = (0..from + len).map(|i| i as u8).collect();
            let mut target = vec![0xEE; to + len + 70];
            // SAFETY: `len` bytes of two vectors.
            unsafe { copy_past_cache(source.as_ptr().wrapping_add(from), target.as_mut_ptr().wrapping_add(to), len) };
            prop_assert_eq!(&target[to..to + len], &source[from..]);
            prop_assert!(target[..to].iter().chain(&target[to + len..]).all(|byte| *byte == 0xEE));
        }
    }
}
