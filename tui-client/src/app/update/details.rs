//! What is looked at is asked about: the product, and then its picture. One question of each kind at a time,
//! so that a held-down key asks about where it comes to rest and not about all that it passes.

use std::sync::Arc;

use kessai_shared::ids::Sku;
use kessai_shared::picture::PictureName;
use kessai_shared::storefront::{MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, ProductView};

use super::answers;
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::model::{Link, Model, Screen};
use crate::app::pixels::Pixels;
use crate::app::settings::{Depth, Pictures};

/// From this many columns on, what is chosen in the list is told beside it.
pub const PANE_FROM_COLUMNS: u16 = 110;

/// Asks for what is looked at and not here yet.
pub fn fill(model: &mut Model) -> Vec<Effect> {
    let Some(sku) = looked_at(model) else { return Vec::new() };
    if matches!(model.link, Link::Down { .. }) {
        return Vec::new();
    }
    let mut effects = Vec::new();
    if model.details.asked.is_none() && model.details.lacks(sku) {
        let seq = model.counter.ask();
        model.details.asked = Some((seq, sku));
        model.details.renew = None;
        effects.push(Effect::LoadProduct { seq, sku });
    }
    let picture = model.details.of(sku).and_then(|known| known.view.picture);
    let pictures = &model.details.pictures;
    let wanted = picture.filter(|name| pictures.asked.is_none() && pictures.lacks(*name));
    if let Some(picture) = wanted.filter(|_| shows_pictures(model)) {
        let seq = model.counter.ask();
        model.details.pictures.asked = Some((seq, picture));
        effects.push(Effect::LoadPicture { seq, picture });
    }
    effects
}

/// Whether pictures are drawn at all: they are made of colours, of more than sixteen, and of signs that ASCII
/// does not have.
pub fn shows_pictures(model: &Model) -> bool {
    let settings = &model.settings;
    let colours = settings.has_colours() && settings.depth != Depth::Sixteen;
    settings.pictures != Pictures::None && colours && !settings.ascii
}

pub fn product_loaded(model: &mut Model, seq: Seq, answer: Answer<Box<ProductView>>) {
    answers::heard(model, &answer);
    let Some((_, sku)) = model.details.asked.take_if(|(asked, _)| *asked == seq) else { return };
    match answer {
        Ok(view) if view.item.sku == sku => {
            let mut view = *view;
            let name = &mut view.item.name;
            name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
            let told = &mut view.description;
            told.truncate(told.floor_char_boundary(MAX_DESCRIPTION_BYTES));
            if let Screen::Product(product) = &mut model.screen
                && product.item.sku == sku
            {
                product.item = view.item.clone();
            }
            model.details.keep(view, model.now);
        }
        // An answer about another product is no answer; asking again would bring the same one.
        Ok(_) => model.details.failed = Some((sku, crate::words::Message::new("product-other"))),
        Err(why) => model.details.failed = Some((sku, why.message())),
    }
}

pub fn picture_loaded(model: &mut Model, seq: Seq, answer: Answer<Arc<Pixels>>) {
    answers::heard(model, &answer);
    let pictures = &mut model.details.pictures;
    let Some((_, name)) = pictures.asked.take_if(|(asked, _)| *asked == seq) else { return };
    match answer {
        Ok(pixels) => pictures.keep(name, pixels),
        Err(_) => pictures.give_up(name),
    }
}

/// The picture of what is looked at, when it is here and pictures are shown.
pub fn picture(model: &Model, sku: Sku) -> Option<(PictureName, &Arc<Pixels>)> {
    let name = model.details.of(sku)?.view.picture?;
    let pixels = model.details.pictures.of(name)?;
    shows_pictures(model).then_some((name, pixels))
}

fn looked_at(model: &Model) -> Option<Sku> {
    match &model.screen {
        Screen::Product(product) => Some(product.item.sku),
        Screen::Browse if model.size.columns >= PANE_FROM_COLUMNS => {
            model.browse.selected().map(|item| item.sku)
        }
        Screen::Browse
        | Screen::Cart
        | Screen::Checkout(_)
        | Screen::Outcome
        | Screen::Orders
        | Screen::Order(_) => None,
    }
}
