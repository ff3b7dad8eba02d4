//! Where `PyConfig` keeps what we set: it is outside the stable ABI, so each minor version has its offsets.
//!
//! The numbers are those of `spec/structs.csv`, measured on LP64. A minor version that is not here is
//! refused by name. What `PyConfig_InitPythonConfig` fills in is compared with what it must have filled in
//! before anything is written, so that a struct of another shape is found out.

use core::ffi::{c_int, c_void};

/// Offsets in bytes, by CPython's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConfigLayout {
    pub(crate) minor: u32,
    pub(crate) size: usize,
    pub(crate) isolated: usize,
    pub(crate) use_environment: usize,
    pub(crate) install_signal_handlers: usize,
    pub(crate) parse_argv: usize,
    pub(crate) user_site_directory: usize,
    pub(crate) buffered_stdio: usize,
    pub(crate) program_name: usize,
    pub(crate) home: usize,
    pub(crate) executable: usize,
}

/// One row per minor version.
#[cfg(all(unix, target_pointer_width = "64"))]
pub(crate) const LAYOUTS: &[ConfigLayout] = &[
    ConfigLayout {
        minor: 11,
        size: 424,
        isolated: 4,
        use_environment: 8,
        install_signal_handlers: 16,
        parse_argv: 96,
        user_site_directory: 208,
        buffered_stdio: 216,
        program_name: 264,
        home: 280,
        executable: 328,
    },
    ConfigLayout {
        minor: 12,
        size: 432,
        isolated: 4,
        use_environment: 8,
        install_signal_handlers: 16,
        parse_argv: 104,
        user_site_directory: 216,
        buffered_stdio: 224,
        program_name: 272,
        home: 288,
        executable: 336,
    },
    ConfigLayout {
        minor: 13,
        size: 448,
        isolated: 4,
        use_environment: 8,
        install_signal_handlers: 16,
        parse_argv: 104,
        user_site_directory: 216,
        buffered_stdio: 224,
        program_name: 280,
        home: 296,
        executable: 344,
    },
    ConfigLayout {
        minor: 14,
        size: 456,
        isolated: 4,
        use_environment: 8,
        install_signal_handlers: 16,
        parse_argv: 104,
        user_site_directory: 216,
        buffered_stdio: 224,
        program_name: 288,
        home: 304,
        executable: 352,
    },
];

/// Measured on LP64 alone so far.
#[cfg(not(all(unix, target_pointer_width = "64")))]
pub(crate) const LAYOUTS: &[ConfigLayout] = &[];

/// The layout of a version, if it is known.
pub(crate) fn layout(major: u32, minor: u32) -> Option<&'static ConfigLayout> {
    LAYOUTS.iter().find(|layout| major == 3 && layout.minor == minor)
}

/// Room for any `PyConfig`: debug builds append members.
pub(crate) const ROOM: usize = 1024;

/// A `PyConfig` of some layout, in memory of ours.
///
/// # Invariants
///
/// 1. Every offset of the layout, and the member there, lies within `ROOM`.
#[repr(C, align(16))]
pub(crate) struct RawConfig {
    bytes: [u8; ROOM],
}

const _: () = {
    let mut row = 0;
    while row < LAYOUTS.len() {
        assert!(LAYOUTS[row].size <= ROOM / 2 && LAYOUTS[row].executable + 8 <= LAYOUTS[row].size); // invariant 1
        row += 1;
    }
};

impl RawConfig {
    pub(crate) fn new() -> Box<RawConfig> {
        Box::new(RawConfig { bytes: [0; ROOM] })
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut c_void {
        self.bytes.as_mut_ptr().cast()
    }

    /// The address of the pointer-sized member at `offset`, which a layout says.
    #[allow(clippy::cast_ptr_alignment, reason = "the struct is aligned to 16, and so are its members in it")]
    pub(crate) fn member(&mut self, offset: usize) -> *mut *mut c_void {
        self.bytes[offset..offset + size_of::<*mut c_void>()].as_mut_ptr().cast::<*mut c_void>()
    }

    fn int(&self, offset: usize) -> c_int {
        let mut bytes = [0; size_of::<c_int>()];
        bytes.copy_from_slice(&self.bytes[offset..offset + size_of::<c_int>()]);
        c_int::from_ne_bytes(bytes)
    }

    pub(crate) fn set_int(&mut self, offset: usize, value: c_int) {
        self.bytes[offset..offset + size_of::<c_int>()].copy_from_slice(&value.to_ne_bytes());
    }

    /// Says which member is not what `PyConfig_InitPythonConfig` makes of it, if one is not.
    pub(crate) fn unlike(&self, layout: &ConfigLayout) -> Option<&'static str> {
        let ints = [
            ("isolated", layout.isolated, 0),
            ("use_environment", layout.use_environment, 1),
            ("install_signal_handlers", layout.install_signal_handlers, 1),
            ("parse_argv", layout.parse_argv, 1),
            ("user_site_directory", layout.user_site_directory, 1),
            ("buffered_stdio", layout.buffered_stdio, 1),
        ];
        let pointers =
            [("program_name", layout.program_name), ("home", layout.home), ("executable", layout.executable)];
        let wrong = ints.iter().find(|(_, offset, value)| self.int(*offset) != *value).map(|(name, ..)| *name);
        let set = |offset: usize| self.bytes[offset..offset + 8].iter().any(|byte| *byte != 0);
        wrong.or_else(|| pointers.iter().find(|(_, offset)| set(*offset)).map(|(name, _)| *name))
    }
}

#[cfg(all(test, unix, target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn unknown_versions_have_no_layout() {
        assert_eq!(layout(3, 12).map(|layout| layout.size), Some(432));
        assert_eq!(layout(3, 10), None);
        assert_eq!(layout(3, 15), None);
        assert_eq!(layout(4, 11), None);
    }

    /// Rows of `PyConfig` in `spec/structs.csv`: minor version, field, offset, size.
    fn stated() -> Vec<(u32, &'static str, usize, usize)> {
        let rows = include_str!("../../../spec/structs.csv").lines().map(|line| line.split(',').collect::<Vec<_>>());
        let number = |cell: &str| cell.parse().expect("a number");
        rows.filter(|row| row[1] == "PyConfig")
            .map(|row| {
                let minor =
                    row[2].strip_prefix("3.").and_then(|minor| minor.parse().ok()).expect("a version of Python 3");
                (minor, row[3], number(row[4]), number(row[5]))
            })
            .collect()
    }

    #[test]
    fn every_offset_is_the_one_that_the_table_of_structs_states() {
        for row in LAYOUTS {
            let ConfigLayout {
                minor,
                size,
                isolated,
                use_environment,
                install_signal_handlers,
                parse_argv,
                user_site_directory,
                buffered_stdio,
                program_name,
                home,
                executable,
            } = *row;
            let fields = [
                ("*", 0, size),
                ("isolated", isolated, 4),
                ("use_environment", use_environment, 4),
                ("install_signal_handlers", install_signal_handlers, 4),
                ("parse_argv", parse_argv, 4),
                ("user_site_directory", user_site_directory, 4),
                ("buffered_stdio", buffered_stdio, 4),
                ("program_name", program_name, 8),
                ("home", home, 8),
                ("executable", executable, 8),
            ];
            for (name, offset, size) in fields {
                let found: Vec<_> = stated().into_iter().filter(|row| (row.0, row.1) == (minor, name)).collect();
                assert_eq!(found, [(minor, name, offset, size)], "3.{minor} {name}");
            }
        }
    }

    #[test]
    fn every_version_that_the_table_of_structs_states_has_a_layout() {
        let mut minors: Vec<u32> = stated().iter().map(|row| row.0).collect();
        minors.dedup();
        assert_eq!(minors, LAYOUTS.iter().map(|row| row.minor).collect::<Vec<_>>());
    }

    #[test]
    fn a_struct_of_another_shape_is_found_out() {
        let of = |minor| layout(3, minor).expect("a known version");
        let mut config = RawConfig::new();
        assert_eq!(config.unlike(of(11)), Some("use_environment"));
        for offset in [8, 16, of(11).parse_argv, of(11).user_site_directory, of(11).buffered_stdio] {
            config.set_int(offset, 1);
        }
        assert_eq!(config.unlike(of(11)), None);
        assert_eq!(config.unlike(of(12)), Some("parse_argv"));
    }
}
