//! x
pub(crate) fn attach<R>(body: impl FnOnce() -> R) -> R {
    body()
}
