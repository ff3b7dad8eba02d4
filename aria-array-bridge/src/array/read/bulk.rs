//! Many bytes at once out of shared memory, by instructions that the compiler does not look into.
//!
//! An `asm` block may do whatever the machine may, and for the machine a load of memory that somebody writes to is no
//! more than a load: the C library's `memcpy`, called from there, is neither folded nor repeated, and its reads are none
//! of Rust's.

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

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
