//! Arrays as DLPack tensors.

use super::{names, reason};
use crate::array::{Array, ArrayError, CopyOrder};
use crate::convert::Refused;
use crate::dtype::DType;
use crate::ledger::{Direction, enter};
use crate::plan::Reason;
use aria_dlpack::{DataType, Descriptor, Device, Dims, Format, Managed, Memory, export};

impl Array {
    /// The reasons why [`export_dlpack`](Self::export_dlpack) would refuse; empty where it would not. Nothing moves.
    pub fn dlpack_reasons(&self, format: Format) -> Vec<Reason> {
        self.describe(format, Memory::Shared).err().unwrap_or_default()
    }

    /// Hands the memory to whoever releases the tensor, and keeps this handle. **Zero-copy.** Counts as an export until
    /// then.
    ///
    /// The tensor is writable if the array is shared and not read-only; unique memory goes out read-only, since this
    /// side lends slices of it. [`into_dlpack`](Self::into_dlpack) hands it out writable.
    ///
    /// # Errors
    ///
    /// Every reason: a dtype that DLPack lacks, nulls, a stride that is no multiple of the itemsize, a device that
    /// DLPack lacks; and for a legacy tensor, read-only memory.
    pub fn export_dlpack(&self, format: Format) -> Result<Managed, Vec<Reason>> {
        let tensor = self.describe(format, Memory::Shared)?;
        // SAFETY: the memory is not said to be a copy.
        unsafe { self.export_described(&tensor, format, Memory::Shared) }
    }

    /// Hands the array to whoever releases the tensor. **Zero-copy.** Counts as an export until then.
    ///
    /// Unique memory becomes shared and writable if this is its only handle; else as
    /// [`export_dlpack`](Self::export_dlpack).
    ///
    /// # Errors
    ///
    /// As `export_dlpack`; the array is handed back.
    pub fn into_dlpack(self, format: Format) -> Result<Managed, Refused<Box<Array>>> {
        let array = self.share().unwrap_or_else(|array| array);
        array.export_dlpack(format).map_err(|reasons| Refused { source: Box::new(array), reasons })
    }

    /// **Copies** the elements, and hands the copy to whoever releases the tensor, to do with as it likes
    /// (`IS_COPIED`). Read-only sources and odd strides do not matter to a copy.
    ///
    /// # Errors
    ///
    /// Every reason: a dtype that DLPack lacks, nulls; memory of a device, or none left.
    pub fn copy_to_dlpack(&self, format: Format, order: CopyOrder) -> Result<Managed, Vec<Reason>> {
        let reasons: Vec<Reason> = [no_dtype(self.dtype()), self.nulls()].into_iter().flatten().collect();
        if !reasons.is_empty() {
            return Err(reasons);
        }
        let copy = self.clone().without_validity().copy(order).map_err(|error| vec![copy_reason(&error)])?;
        let tensor = copy.describe(format, Memory::Copied)?;
        // SAFETY: the copy was just made, and its only handle ends here, while the export keeps the owner.
        unsafe { copy.export_described(&tensor, format, Memory::Copied) }
    }

    /// # Safety
    ///
    /// `tensor` describes this array. With [`Memory::Copied`], this is the only handle, and it is dropped unused.
    unsafe fn export_described(
        &self,
        tensor: &Descriptor,
        format: Format,
        memory: Memory,
    ) -> Result<Managed, Vec<Reason>> {
        let (holder, protocol) = names();
        let ticket = enter(holder, protocol, Direction::Export, self.nbytes() as u64, tensor.read_only);
        let guard = self.export(Some(ticket));
        // SAFETY:
        // - The guard keeps the owner, and so the span: `Array` invariant 2. The descriptor has the same span.
        // - Writable unless `read_only`: that is set unless the array is exported as writable, or is a fresh copy.
        // - A copy is nobody else's: the caller's duty.
        unsafe { export(guard, tensor, format, memory) }.map_err(|refused| vec![reason(&refused.error)])
    }

    /// What a tensor over this memory says, or all that is in the way.
    fn describe(&self, format: Format, memory: Memory) -> Result<Descriptor, Vec<Reason>> {
        let copied = memory == Memory::Copied;
        let read_only = !copied && !self.is_exported_writable();
        let mut reasons: Vec<Reason> = self.nulls().into_iter().collect();
        if read_only && format == Format::Legacy {
            let text = "expected writable memory for a legacy tensor, which has no flags, but found read-only memory";
            let hint = "ask for a versioned tensor (max_version=(1, 0) or higher), or for a copy";
            reasons.push(Reason::new("read-only", "L8", text).hint(hint));
        }
        let strides = self.element_strides(&mut reasons);
        let triple = self.dtype().dlpack();
        reasons.extend(no_dtype(self.dtype()));
        let Some((code, bits, lanes)) = triple.filter(|_| reasons.is_empty()) else { return Err(reasons) };
        Ok(Descriptor {
            data: self.as_ptr().cast(),
            byte_offset: 0,
            device: Device { kind: self.device().kind.cast_unsigned(), id: self.device().id },
            dtype: DataType { code, bits, lanes },
            shape: self.shape().iter().map(|extent| *extent as i64).collect(), // At most isize::MAX: `Layout` invariant 2.
            strides,
            read_only,
            padded: false,
        })
    }

    /// Strides in elements; a remainder on an axis that is walked is a reason (rule L3).
    fn element_strides(&self, reasons: &mut Vec<Reason>) -> Dims {
        if self.layout().is_packed() {
            let mut step = 1i64;
            let mut strides: Dims = Dims::with_capacity(self.ndim());
            for extent in self.shape().iter().rev() {
                strides.push(step);
                step = step.saturating_mul((*extent).max(1) as i64);
            }
            strides.reverse();
            return strides;
        }
        let itemsize = self.layout().itemsize().max(1) as i64; // No type that DLPack has is empty.
        let axes = self.shape().iter().zip(self.strides()).enumerate();
        axes.map(|(axis, (extent, stride))| {
            let stride = *stride as i64;
            if *extent > 1 && !self.is_empty() && stride % itemsize != 0 {
                let text = format!("expected a stride that is a multiple of {itemsize} bytes but found {stride}");
                let reason = Reason::new("stride", "L3", text).at(format!("axis {axis}"));
                reasons.push(
                    reason.expected(format!("a multiple of {itemsize}"), stride.to_string()).hint("copy it first"),
                );
            }
            stride / itemsize
        })
        .collect()
    }

    /// Nulls, for which DLPack has no place.
    fn nulls(&self) -> Option<Reason> {
        let nulls = self.null_count();
        let text = || format!("expected no nulls but found {nulls}, which DLPack has no place for");
        (nulls > 0).then(|| Reason::new("nulls", "C4", text()).expected("0", nulls.to_string()))
    }
}

/// A dtype that DLPack lacks.
fn no_dtype(dtype: &DType) -> Option<Reason> {
    let text = || format!("expected an element type of DLPack but found {dtype}");
    dtype.dlpack().is_none().then(|| Reason::new("dtype", "L1", text()).expected("a DLPack type", dtype.name()))
}

fn copy_reason(error: &ArrayError) -> Reason {
    match error {
        ArrayError::Device { .. } => Reason::new("device", "L7", error.to_string()),
        _ => Reason::new("memory", "C3", error.to_string()),
    }
}
