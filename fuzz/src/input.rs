//! Numbers from the fuzzer's bytes. Inputs that end early go on with zeros, so that every input means something.

/// What is left of an input.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    /// One byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first
    }

    /// Eight bytes.
    pub(crate) fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// Mostly a small number of either sign, sometimes one at the edge, sometimes any.
    pub(crate) fn number(&mut self) -> i64 {
        match self.byte() {
            small @ 0..=199 => i64::from(small) - 32,
            200..=209 => i64::MAX - i64::from(self.byte()),
            210..=219 => i64::MIN + i64::from(self.byte()),
            220..=239 => 1 << (self.byte() % 63),
            _ => self.word().cast_signed(),
        }
    }

    /// A number of axes, seldom more than a layout may have.
    pub(crate) fn ndim(&mut self) -> usize {
        match self.byte() {
            few @ 0..=250 => usize::from(few % 6),
            _ => usize::from(self.byte() % 70),
        }
    }

    /// An extent, mostly below 6.
    pub(crate) fn extent(&mut self) -> usize {
        match self.byte() {
            small @ 0..=239 => usize::from(small % 6),
            _ => usize::try_from(self.number().unsigned_abs()).unwrap_or(usize::MAX),
        }
    }
}
