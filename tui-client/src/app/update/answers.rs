//! What every answer tells about the connection, and whom an answer about an order is for.

use kessai_shared::storefront::{OrderView, Welcome};

use super::{browse, orders, outcome};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::model::{Link, Model, RETRY_SECONDS, ShopFacts};
use crate::shop::{Ending, ShopError};

pub fn welcomed(model: &mut Model, seq: Seq, answer: Answer<Box<Welcome>>) -> Vec<Effect> {
    if model.greeting != Some(seq) {
        return Vec::new();
    }
    model.greeting = None;
    let was_down = matches!(model.link, Link::Down { .. });
    heard(model, &answer);
    match answer {
        Ok(welcome) => {
            browse::welcomed(model, &welcome);
            model.shop = Some(ShopFacts {
                name: welcome.shop,
                currency: welcome.currency,
                categories: welcome.categories,
                settlement_up: welcome.settlement_up,
            });
            if was_down || model.browse.problem.is_some() {
                // The list is as old as the loss of the connection.
                browse::renew(model);
            }
            return browse::fill(model);
        }
        Err(why) => {
            // A shop that cannot even be greeted is not connected, whatever the reason.
            model.link = Link::Down { retry_at: model.now.plus_seconds(RETRY_SECONDS) };
            model.loses(why.message());
            if model.notice.is_none() {
                model.warn(why.message());
            }
        }
    }
    Vec::new()
}

/// Notes what an answer, or its absence, tells about the connection.
pub fn heard<T>(model: &mut Model, answer: &Answer<T>) {
    match answer {
        Ok(_) | Err(ShopError::Refused(_) | ShopError::Untrusted(_)) => {
            model.link = Link::Up;
            model.outage = None;
        }
        Err(why @ (ShopError::Unreachable(_) | ShopError::NoAnswer)) => {
            model.loses(why.message());
            if !matches!(model.link, Link::Down { .. }) {
                model.link = Link::Down { retry_at: model.now.plus_seconds(RETRY_SECONDS) };
            }
        }
        Err(ShopError::Local(_) | ShopError::Broke | ShopError::NotKept(_)) => {}
    }
}

/// An order was asked about either because its payment has no outcome yet, or to look at it.
pub fn order_loaded(model: &mut Model, seq: Seq, answer: Answer<Box<(OrderView, Ending)>>) -> Vec<Effect> {
    heard(model, &answer);
    if model.purchases.iter().any(|purchase| purchase.polling == Some(seq)) {
        outcome::polled(model, seq, answer)
    } else {
        orders::refreshed(model, seq, answer)
    }
}
