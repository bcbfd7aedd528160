//! Where an order stands, in one word for its buyer; and whether what the shop tells of it agrees with itself.

use kessai_shared::storefront::{
    Cancelled, FulfilmentState, OrderState, OrderView, PaymentState, ShipmentView, StepKind,
};

/// Where an order stands: one word for its three axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No decision yet.
    Placing,
    /// Approved, and nothing has left.
    Preparing,
    PartSent,
    Cancelling,
    OnItsWay,
    Delivered,
    PartReturned,
    Returned,
    Declined,
    SoldOut,
    Interrupted,
    HoldExpired,
    Cancelled,
}

/// What the orders are sorted into on their list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    #[default]
    All,
    /// Something is still to leave.
    Open,
    /// Something has left.
    Shipped,
    /// Something came back.
    Returned,
    Cancelled,
}

/// What does not fit together in what a shop tells of an order. None of it is signed, so this is all that can be
/// found out about it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Lists of another length than the order has lines, or more pieces than were bought.
    Pieces,
    /// The shipments do not come to what is said to have left.
    Shipments,
    /// The steps are not in the order of their times, or do not begin with the placing.
    Times,
    /// The steps tell another end than the order's state.
    State,
    /// More was charged or paid back than the order cost.
    Amounts,
}

impl Group {
    pub const ALL: [Group; 5] = [Group::All, Group::Open, Group::Shipped, Group::Returned, Group::Cancelled];

    pub fn holds(self, view: &OrderView) -> bool {
        let (shipped, returned) = (some(&view.shipped), some(&view.returned));
        match self {
            Group::All => true,
            Group::Open => matches!(view.order, OrderState::Pending | OrderState::Confirmed),
            Group::Shipped => shipped,
            Group::Returned => returned,
            Group::Cancelled => {
                matches!(view.order, OrderState::Cancelled | OrderState::Expired) || some(&view.cancelled)
            }
        }
    }
}

impl Standing {
    pub fn of(view: &OrderView) -> Self {
        match view.order {
            OrderState::Pending | OrderState::Confirmed if view.cancelling => Standing::Cancelling,
            OrderState::Pending => Standing::Placing,
            OrderState::Confirmed if some(&view.shipped) => Standing::PartSent,
            OrderState::Confirmed => Standing::Preparing,
            OrderState::Completed => match view.fulfilment {
                FulfilmentState::Returned => Standing::Returned,
                FulfilmentState::Delivered | FulfilmentState::Shipped if some(&view.returned) => {
                    Standing::PartReturned
                }
                FulfilmentState::Delivered => Standing::Delivered,
                FulfilmentState::Shipped => Standing::OnItsWay,
                FulfilmentState::NotFulfilled => Standing::Cancelled,
            },
            OrderState::Expired => Standing::HoldExpired,
            OrderState::Cancelled => match view.cancelled_for {
                Some(Cancelled::Declined) => Standing::Declined,
                Some(Cancelled::OutOfStock { .. }) => Standing::SoldOut,
                Some(Cancelled::Interrupted) => Standing::Interrupted,
                Some(Cancelled::HoldExpired) => Standing::HoldExpired,
                Some(Cancelled::ByShopper | Cancelled::ByShop | Cancelled::NotShippedInTime) | None => {
                    Standing::Cancelled
                }
            },
        }
    }
}

/// Whether the order may still change without anybody here doing anything: then it is worth asking again.
pub fn is_moving(view: &OrderView) -> bool {
    let waits = match view.order {
        OrderState::Pending | OrderState::Confirmed => true,
        OrderState::Completed => view.fulfilment == FulfilmentState::Shipped,
        OrderState::Cancelled | OrderState::Expired => false,
    };
    let decided = match view.payment {
        PaymentState::Pending | PaymentState::Unknown => false,
        PaymentState::Authorized
        | PaymentState::Declined
        | PaymentState::Reversed
        | PaymentState::Voided
        | PaymentState::Expired
        | PaymentState::Captured
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => true,
    };
    waits || !decided || view.cancelling || refund_is_due(view)
}

/// Whether something was given back that is not all paid back yet.
pub fn refund_is_due(view: &OrderView) -> bool {
    let lines = view.quote.quote.lines.iter().zip(&view.returned);
    let worth: i128 = lines.map(|(line, back)| i128::from(*back) * i128::from(line.unit_price.0)).sum();
    let bought = matches!(view.order, OrderState::Confirmed | OrderState::Completed);
    bought && worth > i128::from(view.refunded.0)
}

/// What does not fit together, if anything does not.
pub fn doubt(view: &OrderView) -> Option<Doubt> {
    /// Whether an order fits in one respect.
    type Fits = fn(&OrderView) -> bool;
    let checks: [(Doubt, Fits); 5] = [
        (Doubt::Pieces, pieces_fit),
        (Doubt::Shipments, shipments_fit),
        (Doubt::Amounts, amounts_fit),
        (Doubt::Times, times_fit),
        (Doubt::State, state_fits),
    ];
    checks.into_iter().find(|(_, fits)| !fits(view)).map(|(doubt, _)| doubt)
}

fn pieces_fit(view: &OrderView) -> bool {
    let lines = &view.quote.quote.lines;
    let long = [&view.shipped, &view.cancelled, &view.returned].iter().all(|list| list.len() == lines.len());
    let within = |at: usize| {
        let of = |list: &[u32]| u64::from(list.get(at).copied().unwrap_or(0));
        let bought = u64::from(lines[at].quantity);
        of(&view.shipped) + of(&view.cancelled) <= bought
            && of(&view.returned) + of(&view.cancelled) <= bought
    };
    long && view.names.len() == lines.len() && (0..lines.len()).all(within)
}

fn shipments_fit(view: &OrderView) -> bool {
    let rising = view.shipments.is_sorted_by(|one, other| one.nth < other.nth && one.at <= other.at);
    let sum = |of: fn(&ShipmentView) -> u64| view.shipments.iter().map(of).fold(0, u64::saturating_add);
    let left = view.shipped.iter().map(|pieces| u64::from(*pieces)).sum::<u64>();
    let mut told = vec![0_u64; view.shipped.len()];
    let mut whole = true;
    for shipment in &view.shipments {
        let pieces: u64 = shipment.lines.iter().map(|(_, pieces)| u64::from(*pieces)).sum();
        whole &= !shipment.lines.is_empty();
        if !shipment.lines.is_empty() && pieces != shipment.pieces {
            return false;
        }
        for (line, pieces) in &shipment.lines {
            let Some(count) = told.get_mut(usize::from(*line)) else { return false };
            *count += u64::from(*pieces);
        }
    }
    let each = told.iter().zip(&view.shipped);
    let fits = each.fold(true, |fits, (told, left)| fits && *told <= u64::from(*left));
    // Shipments whose lines had no room are known by their number of pieces only.
    let sums = told.iter().sum::<u64>() == left || !whole;
    rising && fits && sums && sum(|shipment| shipment.pieces) == left
}

fn amounts_fit(view: &OrderView) -> bool {
    let total = i128::from(view.quote.quote.total.0);
    let charged: i128 = view.shipments.iter().map(|shipment| i128::from(shipment.amount.0)).sum();
    let negative = view.refunded.0 < 0 || view.shipments.iter().any(|shipment| shipment.amount.0 < 0);
    !negative && charged <= total && i128::from(view.refunded.0) <= total
}

fn times_fit(view: &OrderView) -> bool {
    let begins = view.history.first().is_some_and(|step| match step.what {
        StepKind::Placed | StepKind::TurnedAway => step.at == view.placed_at,
        _not_a_beginning => false,
    });
    begins && view.history.is_sorted_by_key(|step| step.at)
}

// Each step that is told has to show in the state, and the state in a step.
fn state_fits(view: &OrderView) -> bool {
    let has = |what: fn(StepKind) -> bool| view.history.iter().any(|step| what(step.what));
    let approved = matches!(view.order, OrderState::Confirmed | OrderState::Completed);
    let delivered = view.fulfilment == FulfilmentState::Delivered;
    let shipped = has(|what| matches!(what, StepKind::Shipped { .. }));
    let declined = view.cancelled_for == Some(Cancelled::Declined);
    (!approved || has(|what| what == StepKind::Approved))
        && shipped != view.shipments.is_empty()
        && (!delivered || has(|what| what == StepKind::Delivered))
        && declined == has(|what| what == StepKind::Declined)
}

fn some(pieces: &[u32]) -> bool {
    pieces.iter().any(|pieces| *pieces > 0)
}
