//! Names of types, as pyarrow writes them: `int64`, `timestamp[us, tz=UTC]`, `list<item: string>`.
#![forbid(unsafe_code)]

use crate::field::Field;
use crate::format::Format;
use std::borrow::Cow;

/// Formats whose name is a word.
const WORDS: [(&str, &str); 32] = [
    ("n", "null"),
    ("b", "bool"),
    ("c", "int8"),
    ("C", "uint8"),
    ("s", "int16"),
    ("S", "uint16"),
    ("i", "int32"),
    ("I", "uint32"),
    ("l", "int64"),
    ("L", "uint64"),
    ("e", "halffloat"),
    ("f", "float"),
    ("g", "double"),
    ("z", "binary"),
    ("Z", "large_binary"),
    ("vz", "binary_view"),
    ("u", "string"),
    ("U", "large_string"),
    ("vu", "string_view"),
    ("tdD", "date32[day]"),
    ("tdm", "date64[ms]"),
    ("tts", "time32[s]"),
    ("ttm", "time32[ms]"),
    ("ttu", "time64[us]"),
    ("ttn", "time64[ns]"),
    ("tDs", "duration[s]"),
    ("tDm", "duration[ms]"),
    ("tDu", "duration[us]"),
    ("tDn", "duration[ns]"),
    ("tiM", "month_interval"),
    ("tiD", "day_time_interval"),
    ("tin", "month_day_nano_interval"),
];

impl Field {
    /// The name of the type, as pyarrow writes it: `timestamp[us, tz=UTC]`. For people; nothing parses it.
    pub fn type_name(&self) -> String {
        if let Some(name) = self.extension_name() {
            return format!("extension<{}>", String::from_utf8_lossy(name));
        }
        if let Some(values) = self.dictionary() {
            let ordered = i32::from(self.flags() & crate::abi::FLAG_DICTIONARY_ORDERED != 0);
            return format!(
                "dictionary<values={}, indices={}, ordered={ordered}>",
                values.type_name(),
                self.storage_name()
            );
        }
        self.storage_name()
    }

    /// The name of what lies in the buffers.
    fn storage_name(&self) -> String {
        let format = self.format();
        if let Some((_, word)) = WORDS.iter().find(|(known, _)| *known == format) {
            return (*word).to_owned();
        }
        let children = || {
            let child = |child: &Field| format!("{}: {}", child.name(), child.type_name());
            self.children().iter().map(child).collect::<Vec<_>>().join(", ")
        };
        match self.layout() {
            Format::List { .. } if format == "+m" => format!("map<{}>", self.entries()),
            Format::List { large: false } => format!("list<{}>", children()),
            Format::List { large: true } => format!("large_list<{}>", children()),
            Format::ListView { large: false } => format!("list_view<{}>", children()),
            Format::ListView { large: true } => format!("large_list_view<{}>", children()),
            Format::FixedList(n) => format!("fixed_size_list<{}>[{n}]", children()),
            Format::Struct => format!("struct<{}>", children()),
            Format::Union { dense: false, .. } => format!("sparse_union<{}>", children()),
            Format::Union { dense: true, .. } => format!("dense_union<{}>", children()),
            Format::RunEnds => format!("run_end_encoded<{}>", children()),
            _ => with_parameters(format).into_owned(),
        }
    }

    /// The types of a map's keys and values.
    fn entries(&self) -> String {
        let entries = self.children().first().map(Field::children).unwrap_or_default();
        entries.iter().map(Field::type_name).collect::<Vec<_>>().join(", ")
    }
}

/// Decimals, widths and timestamps; anything else is shown as it is.
fn with_parameters(format: &str) -> Cow<'_, str> {
    let named = match format.split_once(':') {
        Some(("w", width)) => Some(format!("fixed_size_binary[{width}]")),
        Some(("d", parts)) => {
            let parts: Vec<&str> = parts.split(',').collect();
            match parts[..] {
                [precision, scale] => Some(format!("decimal128({precision}, {scale})")),
                [precision, scale, bits] => Some(format!("decimal{bits}({precision}, {scale})")),
                _ => None,
            }
        }
        Some((unit, zone)) => {
            let units = [("tss", "s"), ("tsm", "ms"), ("tsu", "us"), ("tsn", "ns")];
            let unit = units.iter().find(|(known, _)| *known == unit);
            unit.map(|(_, unit)| match zone {
                "" => format!("timestamp[{unit}]"),
                zone => format!("timestamp[{unit}, tz={zone}]"),
            })
        }
        None => None,
    };
    named.map_or_else(|| format!("'{format}'").into(), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_pyarrow_writes_them() {
        let item = || vec![Field::new("item", "U")];
        let table = [
            (Field::new("", "tsu:UTC"), "timestamp[us, tz=UTC]"),
            (Field::new("", "tsn:"), "timestamp[ns]"),
            (Field::new("", "d:38,10"), "decimal128(38, 10)"),
            (Field::new("", "d:9,2,32"), "decimal32(9, 2)"),
            (Field::new("", "w:16"), "fixed_size_binary[16]"),
            (Field::new("", "+l").with_children(item()), "list<item: large_string>"),
            (Field::new("", "+w:3").with_children(item()), "fixed_size_list<item: large_string>[3]"),
            (Field::new("", "+s").with_children(item()), "struct<item: large_string>"),
            (Field::new("", "??"), "'??'"),
        ];
        for (field, name) in table {
            assert_eq!(field.type_name(), name);
        }
    }
}
