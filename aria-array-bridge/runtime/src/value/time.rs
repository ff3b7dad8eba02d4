//! Dates and times as they cross: the fields of Python's `datetime`, neither checked nor computed with here.

/// `datetime.date`. Python checks its fields when it goes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// 1 to 9999.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// `datetime.time`. Python checks its fields when it goes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Time {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999 999.
    pub microsecond: u32,
    /// The second of two equal times, where clocks are set back.
    pub fold: bool,
    /// Seconds east of UTC; `None` for a time of no known zone. A zone with a name or with rules has no form here:
    /// its times stay objects.
    pub offset: Option<i32>,
}

/// `datetime.datetime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of the day, and the zone.
    pub time: Time,
}

/// `datetime.timedelta`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeDelta {
    /// Any number of days, also below 0.
    pub days: i32,
    /// 0 to 86 399 when it comes out of Python, which takes any number.
    pub seconds: i32,
    /// 0 to 999 999 when it comes out of Python, which takes any number.
    pub microseconds: i32,
}
