//! Plans on the wire: whatever bytes come are plans or an error, and plans survive.

use aria_array_bridge::Plan;

/// Decodes plans.
pub fn plan_wire(data: &[u8]) {
    if let Ok(plans) = Plan::decode(data) {
        assert_eq!(Plan::decode(&Plan::encode(&plans)).as_ref(), Ok(&plans));
        for plan in &plans {
            assert!(!plan.to_string().is_empty());
        }
    }
}
