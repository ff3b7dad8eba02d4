//! The models: NumPy's answers, and Rust's `as`.

use super::*;
use crate::array::Validity;
use crate::layout::{Order, Slice};
use proptest::prelude::*;

const NAMES: [&str; 14] = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
];

/// `numpy.can_cast(row, column, "same_kind")`, seen with NumPy 2.4.6; rows and columns in the order of `NAMES`.
const NUMPY: [&str; 14] = [
    "xxxxxxxxxxxxxx",
    ".xxxx....xxxxx",
    ".xxxx....xxxxx",
    ".xxxx....xxxxx",
    ".xxxx....xxxxx",
    ".xxxxxxxxxxxxx",
    ".xxxxxxxxxxxxx",
    ".xxxxxxxxxxxxx",
    ".xxxxxxxxxxxxx",
    ".........xxxxx",
    ".........xxxxx",
    ".........xxxxx",
    "............xx",
    "............xx",
];

fn dtype(name: &str) -> DType {
    DType::from_name(name).unwrap()
}

#[test]
fn casts_are_allowed_where_numpy_allows_them() {
    for (from, row) in NAMES.iter().zip(NUMPY) {
        for (to, cell) in NAMES.iter().zip(row.chars()) {
            let allowed = cell == 'x';
            assert_eq!(can_cast_same_kind(&dtype(from), &dtype(to)), allowed, "{from} to {to}");
            let array = Array::zeros(dtype(from), &[2], Order::C).unwrap();
            match array.cast(&dtype(to), CopyOrder::C) {
                Ok(cast) => assert!(allowed && *cast.dtype() == dtype(to), "{from} to {to}"),
                Err(error) => assert!(!allowed && matches!(error, CastError::Kind { .. }), "{from} to {to}: {error}"),
            }
        }
    }
}

#[test]
fn bfloat16_is_a_float_and_what_is_no_number_casts_to_itself_alone() {
    let allowed = |from, to| can_cast_same_kind(&dtype(from), &dtype(to));
    assert!(allowed("float16", "bfloat16") && allowed("bfloat16", "float16") && allowed("bfloat16", "complex64"));
    assert!(allowed("uint64", "bfloat16") && !allowed("bfloat16", "int64") && !allowed("complex64", "bfloat16"));
    for name in ["datetime64[ns]", "bytes[4]", "void[3]", "float8_e5m2", "int4", "float32x2", "complex32"] {
        assert!(allowed(name, name) && !allowed(name, "float64") && !allowed("bool", name), "{name}");
    }
}

/// Casts one value and reads it back.
fn one<S: Element, T: Element>(value: S) -> T {
    Array::from(vec![value]).cast(&T::DTYPE, CopyOrder::C).unwrap().get(&[0]).unwrap()
}

/// Each value as NumPy 2.4.6 casts it.
#[test]
fn values_are_those_that_numpy_makes() {
    assert_eq!(one::<i64, i8>((1 << 40) + 5), 5);
    assert_eq!(one::<i64, i8>(128), -128);
    assert_eq!(one::<u64, i64>(u64::MAX), -1);
    assert_eq!(one::<u8, u64>(255), 255);
    assert_eq!((one::<bool, i32>(true), one::<bool, f16>(true)), (1, f16::ONE));
    assert_eq!(one::<i64, f64>((1 << 53) + 1), 9_007_199_254_740_992.0);
    assert_eq!(one::<u64, f32>((1 << 63) + 1025), 9.223_372e18);
    assert_eq!(one::<f64, f32>(1e300), f32::INFINITY);
    assert_eq!(one::<f64, f32>(1e-46), 0.0);
    assert_eq!(one::<f64, f32>(16_777_217.0), 16_777_216.0);
    assert!(one::<f64, f32>(f64::NAN).is_nan() && one::<f32, f16>(f32::NAN).is_nan());
    assert_eq!((one::<f64, f16>(65_519.0), one::<f64, f16>(65_520.0)), (f16::MAX, f16::INFINITY));
    assert_eq!(one::<f64, f16>(1.0 + 2f64.powi(-11) + 2f64.powi(-30)).to_bits(), 15361); // Rounded once, not by way of a single.
    assert_eq!(one::<i32, f16>(70_000), f16::INFINITY);
    assert_eq!(one::<f32, bf16>(1.0039063), bf16::from_f32(1.0039063));
    assert_eq!(one::<f32, Complex<f64>>(0.5), Complex::new(0.5, 0.0));
    assert_eq!(one::<Complex<f64>, Complex<f32>>(Complex::new(1e300, -0.5)), Complex::new(f32::INFINITY, -0.5));
}

/// The model: the half on either side, and the distances in double arithmetic, which is exact here.
#[test]
fn a_double_becomes_the_nearest_half_and_ties_go_to_even() {
    let steps = if cfg!(miri) { 251 } else { 1 };
    for bits in (0..f16::MAX.to_bits()).step_by(steps) {
        let (low, high) = (f16::from_bits(bits).to_f64(), f16::from_bits(bits + 1).to_f64());
        let tie = (low + high) / 2.0;
        let even = if bits % 2 == 0 { low } else { high };
        for (double, nearest) in [(tie.next_down(), low), (tie, even), (tie.next_up(), high), (low, low)] {
            assert_eq!(f16::from_number(double).to_f64(), nearest, "{double}");
            assert_eq!(f16::from_number(-double).to_f64(), -nearest, "{double}");
        }
    }
    for (double, nearest) in [(1.0 + 2f64.powi(-8), 1.0), (1.0 + 2f64.powi(-8) + 2f64.powi(-40), 1.0 + 2f64.powi(-7))] {
        assert_eq!(bf16::from_number(double).to_f64(), nearest);
    }
    assert_eq!(bf16::from_number(1e300), bf16::INFINITY);
    assert_eq!(f16::from_number(-1e-300f64).to_bits(), 0x8000);
}

#[test]
fn a_foreign_bool_byte_casts_to_one() {
    let array = Array::from_owner(vec![0u8, 2, 255], DType::BOOL, &[3]).map_err(|(error, _)| error).unwrap();
    let cast = array.cast(&DType::I64, CopyOrder::C).unwrap();
    assert_eq!(cast.as_slice::<i64>().unwrap(), [0, 1, 1]);
}

#[test]
fn nulls_stay_null_and_the_order_is_the_one_wanted() {
    let validity = Validity::from_bools(&[true, true, false, true, true, true], &[2, 3]).unwrap();
    let array = Array::from(vec![1i64, 2, 3, 4, 5, 6]).reshape(&[2, 3]).unwrap().with_validity(validity).unwrap();
    let cast = array.cast(&DType::F32, CopyOrder::F).unwrap();
    assert_eq!((cast.null_count(), cast.strides()), (1, &[4, 8][..]));
    assert_eq!(cast.without_validity().to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let kept = array.transpose(&[1, 0]).unwrap().cast(&DType::I8, CopyOrder::Keep).unwrap();
    assert_eq!(kept.strides(), [1, 3]);
}

#[test]
fn memory_of_a_device_is_not_cast() {
    let array = Array::zeros(DType::I8, &[1], Order::C).unwrap().share().unwrap();
    let owner = array.owner().clone();
    let first = NonNull::new(array.as_ptr()).unwrap();
    let device = crate::Device { kind: 2, id: 0 };
    // SAFETY: nobody reads it: the device is said to be another.
    let array =
        unsafe { Array::from_raw(first, DType::I8, array.layout().clone(), device, array.access(), true, owner) };
    let error = array.unwrap().cast(&DType::I16, CopyOrder::C).unwrap_err();
    assert_eq!(error, CastError::Array(ArrayError::Device { found: device }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers_and_floats_cast_as_rust_does(ints in prop::collection::vec(any::<i64>(), 1..9), step in prop::sample::select(vec![-2isize, -1, 1, 3]), swap in any::<bool>()) {
        let slice = Slice::resolve(ints.len(), None, None, step).unwrap();
        let pairs = |array: Array| {
            let wide = array.insert_axis(1).unwrap().broadcast_to(&[ints.len(), 2]).unwrap().slice(0, slice).unwrap();
            if swap { wide.transpose(&[1, 0]).unwrap() } else { wide }
        };
        let array = pairs(Array::from(ints.clone()));
        let model: Vec<i64> = array.to_vec().unwrap();
        macro_rules! check {
            ($($to:ty)*) => {$(
                let cast = array.cast(&<$to>::DTYPE, CopyOrder::C).unwrap();
                prop_assert_eq!(cast.shape(), array.shape());
                let expected: Vec<$to> = model.iter().map(|i| *i as $to).collect();
                prop_assert_eq!(cast.as_slice::<$to>().unwrap(), &expected[..]);
            )*};
        }
        check!(i8 i16 i32 f32 f64);
        let floats = pairs(Array::from(ints.iter().map(|i| f64::from_bits(*i as u64)).collect::<Vec<f64>>()));
        let expected: Vec<u32> = floats.iter::<f64>().unwrap().map(|f| (f as f32).to_bits()).collect();
        let found: Vec<u32> = floats.cast(&DType::F32, CopyOrder::C).unwrap().iter::<f32>().unwrap().map(f32::to_bits).collect();
        prop_assert_eq!(found, expected);
    }
}
