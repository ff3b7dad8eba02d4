//! Elements or one value, by bits: 32 bytes at once, where the machine can.

use bytemuck::Pod;

/// Writes 64 elements at once: the value where its bit is set, else the element.
pub(super) type InPlace<T> = fn(&mut [T; 64], u64, T);

/// Copies 64 elements from shared memory past the cache, with the value where a bit is set.
///
/// # Safety
///
/// 64 readable elements lie at the first address, and room for as many that is nobody else's at the second, which is
/// aligned to 32 bytes and apart. A fence follows before other threads may know of them.
pub(super) type PastCache<T> = unsafe fn(*const u8, *mut u8, u64, T);

/// The fastest way that this machine has for such elements, if it is faster than one by one.
pub(super) fn in_place<T: Pod>() -> Option<InPlace<T>> {
    #[cfg(target_arch = "x86_64")]
    if wide::has::<T>() {
        // SAFETY: the machine has AVX2: just asked.
        return Some(|elements, null, value| unsafe { wide::in_place(elements, null, value) });
    }
    None
}

/// The same for [`PastCache`].
pub(super) fn past_cache<T: Pod>() -> Option<PastCache<T>> {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if wide::has::<T>() {
        // SAFETY: the machine has AVX2: just asked; the rest is the caller's duty.
        return Some(|from, to, null, value| unsafe { wide::past_cache(from, to, null, value) });
    }
    None
}

#[cfg(target_arch = "x86_64")]
mod wide {
    #[cfg(not(miri))]
    use super::super::read::AHEAD;
    use bytemuck::Pod;
    use core::arch::x86_64::{
        __m256i, _mm256_blendv_pd, _mm256_blendv_ps, _mm256_castpd_si256, _mm256_castps_si256, _mm256_castsi256_pd,
        _mm256_castsi256_ps, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setr_epi32,
        _mm256_setr_epi64x, _mm256_sllv_epi32, _mm256_sllv_epi64, _mm256_storeu_si256,
    };

    /// Bytes of a register.
    const WIDE: usize = size_of::<__m256i>();

    /// Whether the machine can, and the elements have four or eight bytes.
    pub(super) fn has<T: Pod>() -> bool {
        matches!(size_of::<T>(), 4 | 8) && std::arch::is_x86_feature_detected!("avx2")
    }

    /// Calls back with the offset in bytes of each 32 bytes of 64 elements, a mask whose elements have their bit as the
    /// uppermost one, and the value again and again.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn masks<T: Pod>(null: u64, value: T, mut each: impl FnMut(usize, __m256i, __m256i)) {
        if let Ok(value) = bytemuck::try_cast::<T, i64>(value) {
            let (up, value) = (_mm256_setr_epi64x(63, 62, 61, 60), _mm256_set1_epi64x(value));
            for sixteen in 0..4 {
                let bits = null >> (sixteen * 16);
                for at in 0..4 {
                    let bits = _mm256_set1_epi64x((bits >> (at * 4)).cast_signed());
                    each((sixteen * 4 + at) * WIDE, _mm256_sllv_epi64(bits, up), value);
                }
            }
        } else if let Ok(value) = bytemuck::try_cast::<T, i32>(value) {
            let (up, value) = (_mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24), _mm256_set1_epi32(value));
            for at in 0..8 {
                let bits = ((null >> (at * 8)) as u32).cast_signed();
                each(at * WIDE, _mm256_sllv_epi32(_mm256_set1_epi32(bits), up), value);
            }
        } else {
            debug_assert!(false, "elements of four or eight bytes");
        }
    }

    /// The value where the mask's element has its uppermost bit, else the own element.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn mix<T: Pod>(own: __m256i, mask: __m256i, value: __m256i) -> __m256i {
        if size_of::<T>() == 8 {
            let [own, mask, value] = [own, mask, value].map(|it| _mm256_castsi256_pd(it));
            _mm256_castpd_si256(_mm256_blendv_pd(own, value, mask))
        } else {
            let [own, mask, value] = [own, mask, value].map(|it| _mm256_castsi256_ps(it));
            _mm256_castps_si256(_mm256_blendv_ps(own, value, mask))
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn in_place<T: Pod>(elements: &mut [T; 64], null: u64, value: T) {
        let first: *mut u8 = elements.as_mut_ptr().cast();
        masks(null, value, |offset, mask, value| {
            let place: *mut __m256i = first.wrapping_add(offset).cast();
            // SAFETY: 32 bytes of the 64 elements, at any alignment; every bit pattern is a number.
            let own = unsafe { _mm256_loadu_si256(place) };
            let mixed = mix::<T>(own, mask, value);
            // SAFETY: the same 32 bytes, and an element of `T` is every bit pattern: it is plain data.
            unsafe { _mm256_storeu_si256(place, mixed) };
        });
    }

    /// # Safety
    ///
    /// That of [`PastCache`](super::PastCache).
    #[cfg(not(miri))]
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn past_cache<T: Pod>(from: *const u8, to: *mut u8, null: u64, value: T) {
        masks(null, value, |offset, mask, value| {
            let (source, target) = (from.wrapping_add(offset), to.wrapping_add(offset));
            if offset % (2 * WIDE) == 0 {
                // SAFETY: changes nothing but what the cache holds, whatever the address.
                unsafe {
                    core::arch::asm!(
                        "prefetchnta [{source} + {ahead}]",
                        ahead = const AHEAD,
                        source = in(reg) source,
                        options(nostack, readonly, preserves_flags),
                    );
                }
            }
            let own: __m256i;
            // SAFETY: an instruction that the machine has, which reads 32 bytes of the elements at any alignment: the
            // caller's duty.
            unsafe {
                core::arch::asm!(
                    "vmovdqu {own}, [{source}]",
                    own = lateout(ymm_reg) own,
                    source = in(reg) source,
                    options(nostack, readonly, preserves_flags),
                );
            }
            let mixed = mix::<T>(own, mask, value);
            // SAFETY: as above; writes 32 bytes of the room, which are aligned: the caller's duty.
            unsafe {
                core::arch::asm!(
                    "vmovntdq [{target}], {mixed}",
                    mixed = in(ymm_reg) mixed,
                    target = in(reg) target,
                    options(nostack, preserves_flags),
                );
            }
        });
    }
}
