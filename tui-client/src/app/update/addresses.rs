//! Where the goods go: choosing an address, and looking after the book of them. Nothing here spends.

use super::{moved, page_step};
use crate::app::effect::Effect;
use crate::app::event::{Answer, Seq};
use crate::app::keymap::Action;
use crate::app::model::{AddressForm, AfterAddress, Checkout, Model, Screen, Step, Unfiled};
use crate::app::text_field::Edit;
use crate::words::Message;

/// Opens the list of addresses, which leads back to `after`.
pub fn open(model: &mut Model, after: AfterAddress) -> Vec<Effect> {
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    checkout.delivery.after = after;
    checkout.delivery.row = checkout.delivery.chosen.unwrap_or(0);
    checkout.step = Step::Addresses;
    Vec::new()
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (count, page) = (model.addresses.entries().len(), page_step(model));
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    let delivery = &mut checkout.delivery;
    match action {
        Action::Back => {
            checkout.step = match delivery.after {
                AfterAddress::Review | AfterAddress::Cards => Step::Review,
                AfterAddress::Confirm => Step::Confirm,
            };
        }
        Action::Next if delivery.row < count => {
            delivery.chosen = Some(delivery.row);
            go_on(checkout);
        }
        Action::Next => write(checkout, AddressForm::default()),
        Action::Edit => {
            if let Some(entry) = model.addresses.entries().get(delivery.row) {
                let form = AddressForm::of(delivery.row, entry);
                write(checkout, form);
            }
        }
        Action::Remove => return remove(model),
        Action::Undo => return bring_back(model),
        Action::Prefer if delivery.row < count => {
            model.addresses.make_default(delivery.row);
            model.say(Message::new("address-is-default"));
            return keep(model);
        }
        moving => delivery.row = moved(moving, delivery.row, count + 1, page).unwrap_or(delivery.row),
    }
    Vec::new()
}

pub fn act_in_form(model: &mut Model, action: Action) -> Vec<Effect> {
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    let form = &mut checkout.delivery.form;
    match action {
        Action::Back => checkout.step = Step::Addresses,
        Action::Up => form.field = form.field.before().unwrap_or(form.field),
        Action::Down => form.field = form.field.next().unwrap_or(form.field),
        Action::Next => return go_on_in_form(model),
        _without_meaning_here => {}
    }
    Vec::new()
}

pub fn typed(model: &mut Model, text: &str) {
    if let Screen::Checkout(checkout) = &mut model.screen {
        checkout.delivery.form.type_in(text);
    }
}

pub fn edited(model: &mut Model, edit: Edit) {
    if let Screen::Checkout(checkout) = &mut model.screen {
        checkout.delivery.form.edit(edit);
    }
}

pub fn kept(model: &mut Model, seq: Seq, answer: Answer<()>) -> Vec<Effect> {
    if model.keeping.addresses_asked == Some(seq) {
        model.keeping.addresses_asked = None;
        if let Err(why) = answer {
            model.warn(Message::new("addresses-not-kept").with("why", why.message()));
        }
    }
    Vec::new()
}

fn go_on(checkout: &mut Checkout) {
    checkout.step = match checkout.delivery.after {
        AfterAddress::Review => Step::Review,
        AfterAddress::Cards => Step::Cards,
        AfterAddress::Confirm => Step::Confirm,
    };
}

fn write(checkout: &mut Checkout, form: AddressForm) {
    checkout.delivery.form = form;
    checkout.step = Step::AddressForm;
}

fn go_on_in_form(model: &mut Model) -> Vec<Effect> {
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    let form = &mut checkout.delivery.form;
    if !form.check_field() {
        return Vec::new();
    }
    if let Some(next) = form.field.next() {
        form.field = next;
        return Vec::new();
    }
    let Some(entry) = form.read() else { return Vec::new() };
    match model.addresses.put(form.at, entry) {
        Ok(at) => {
            checkout.delivery.row = at;
            checkout.delivery.chosen = Some(at);
            go_on(checkout);
            keep(model)
        }
        Err(why) => {
            model.warn(Message::new(match why {
                Unfiled::Label => "address-label-wrong",
                Unfiled::Taken => "address-label-taken",
                Unfiled::Full => "addresses-full",
            }));
            Vec::new()
        }
    }
}

fn remove(model: &mut Model) -> Vec<Effect> {
    let Screen::Checkout(checkout) = &mut model.screen else { return Vec::new() };
    let delivery = &mut checkout.delivery;
    let at = delivery.row;
    let Some(gone) = model.addresses.remove(at) else { return Vec::new() };
    delivery.chosen = match delivery.chosen {
        Some(chosen) if chosen > at => Some(chosen - 1),
        Some(chosen) if chosen == at => None,
        chosen => chosen,
    };
    model.say(Message::new("address-taken-out").with("label", gone.label.as_str()));
    model.keeping.gone = Some(gone);
    keep(model)
}

fn bring_back(model: &mut Model) -> Vec<Effect> {
    let back = model.keeping.gone.take().and_then(|gone| model.addresses.put(None, gone).ok());
    match (back, &mut model.screen) {
        (Some(at), Screen::Checkout(checkout)) => {
            checkout.delivery.row = at;
            keep(model)
        }
        _nothing_to_bring_back => {
            model.say(Message::new("nothing-to-bring-back"));
            Vec::new()
        }
    }
}

fn keep(model: &mut Model) -> Vec<Effect> {
    if !model.keeping.writes_addresses {
        model.warn(Message::new("addresses-damaged"));
        return Vec::new();
    }
    let seq = model.counter.ask();
    model.keeping.addresses_asked = Some(seq);
    vec![Effect::KeepAddresses { seq, book: Box::new(model.addresses.clone()) }]
}
