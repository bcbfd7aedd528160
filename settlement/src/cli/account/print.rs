//! Accounts and statements as people read them, and as programs do.

use kessai_shared::columns::{Columns, or_dash};
use kessai_shared::ids::RepaymentId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::operator::account::{AccountDetail, MonthsClosed, MovedRow, StatementRow};
use kessai_shared::operator::print::instant;
use kessai_shared::operator::settlement::AccountRef;
use kessai_shared::time::YearMonth;
use serde_json::{Value, json};

use crate::cli::lists::account_json;

pub fn detail(detail: &AccountDetail, json: bool) {
    if json {
        println!("{}", detail_json(detail));
        return;
    }
    let (row, currency) = (&detail.row, detail.row.currency);
    let mut lines = vec![
        ("account", row.account.to_string()),
        ("status", row.status.clone()),
        ("expiry", or_dash(row.expiry)),
        ("limit", row.limit.show(currency)),
        ("balance", row.balance.show(currency)),
        ("held", row.held.show(currency)),
        ("open to buy", row.open_to_buy.show(currency)),
        ("asked for", detail.asked.show(currency)),
        ("months late", format!("{}, before: {}", row.months_late, months(&detail.late_history))),
        ("open month", or_dash(detail.open_month)),
        ("holder key", if detail.holder_key { "needed" } else { "none" }.to_owned()),
    ];
    if detail.written_off != Minor::ZERO {
        lines.push(("written off", detail.written_off.show(currency)));
    }
    if let Some(block) = &detail.block {
        lines.push(("blocked", format!("{} by {}", block.at, block.by)));
        lines.push(("because", block.why.clone()));
    }
    if let Some(last) = &detail.last {
        let text = format!(
            "{}: {}, of which {} by {}",
            last.month,
            last.closing.show(currency),
            last.minimum_due.show(currency),
            last.due
        );
        lines.push(("statement", text));
    }
    print_lines(&lines);
}

pub fn repaid(of: &AccountDetail, (repayment, amount): (RepaymentId, Minor), json: bool) {
    if json {
        let mut value = detail_json(of);
        value["repayment"] = json!({ "id": repayment.to_string(), "amount": amount.0 });
        println!("{value}");
        return;
    }
    println!("repaid       {} as {repayment}", amount.show(of.row.currency));
    detail(of, false);
}

pub fn history(detail: &AccountDetail, statements: &[StatementRow], json: bool) {
    if json {
        let statements: Vec<Value> = statements.iter().map(statement_json).collect();
        let account = detail_json(detail);
        println!("{}", json!({ "account": account, "statements": statements }));
        return;
    }
    let currency = detail.row.currency;
    println!("account {}", detail.row.account);
    println!("months late {}, before: {}", detail.row.months_late, months(&detail.late_history));
    let mut table = Columns::new(&[
        "month",
        ">opening",
        ">purchases",
        ">refunds",
        ">repayments",
        ">fees",
        ">written off",
        ">closing",
        ">past due",
        ">minimum due",
        "due",
        ">months late",
    ]);
    for one in statements {
        let MovedRow { purchases, refunds, repayments, fees, written_off } = one.moved;
        let money = [
            one.opening,
            purchases,
            refunds,
            repayments,
            fees,
            written_off,
            one.closing,
            one.past_due,
            one.minimum_due,
        ];
        let cells = std::iter::once(one.month.to_string()).chain(money.map(|sum| sum.show(currency)));
        table.row(cells.chain([one.due.to_string(), one.months_late.to_string()]));
    }
    print!("{table}");
}

pub fn statement(account: AccountRef, currency: Currency, one: &StatementRow, json: bool) {
    if json {
        let mut value = statement_json(one);
        value["account"] = json!(account.to_string());
        value["currency"] = json!(currency.code());
        println!("{value}");
        return;
    }
    let MovedRow { purchases, refunds, repayments, fees, written_off } = one.moved;
    let mut lines = vec![
        ("account", account.to_string()),
        ("month", one.month.to_string()),
        ("opening", one.opening.show(currency)),
        ("purchases", purchases.show(currency)),
        ("refunds", refunds.show(currency)),
        ("repayments", repayments.show(currency)),
        ("fees", fees.show(currency)),
    ];
    if written_off != Minor::ZERO {
        lines.push(("written off", written_off.show(currency)));
    }
    lines.extend([
        ("closing", one.closing.show(currency)),
        ("past due", one.past_due.show(currency)),
        ("minimum due", format!("{} by {}", one.minimum_due.show(currency), one.due)),
        ("months late", one.months_late.to_string()),
    ]);
    print_lines(&lines);
}

pub fn closed(month: YearMonth, closed: &MonthsClosed, json: bool) {
    let MonthsClosed { stated, passed, .. } = *closed;
    if json {
        println!("{}", json!({ "month": month.to_string(), "stated": stated, "passed": passed }));
    } else {
        println!("{month} is closed: {stated} statements, {passed} months with nothing to state");
    }
}

fn print_lines(lines: &[(&str, String)]) {
    for (name, text) in lines {
        println!("{name:<12} {}", kessai_shared::columns::plain(text));
    }
}

/// How late in the months before, the newest first.
fn months(late: &[u8]) -> String {
    let texts: Vec<String> = late.iter().map(u8::to_string).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(" ") }
}

fn detail_json(detail: &AccountDetail) -> Value {
    let mut value = account_json(&detail.row);
    value["late_history"] = json!(detail.late_history);
    value["asked"] = json!(detail.asked.0);
    value["open_month"] = json!(detail.open_month.map(|month| month.to_string()));
    value["opening"] = json!(detail.opening.0);
    value["moved"] = moved_json(&detail.moved);
    value["written_off"] = json!(detail.written_off.0);
    value["holder_key"] = json!(detail.holder_key);
    value["block"] = detail.block.as_ref().map_or(
        Value::Null,
        |block| json!({ "why": block.why, "by": block.by.to_string(), "at": instant(block.at) }),
    );
    value["last_statement"] = detail.last.as_ref().map_or(Value::Null, statement_json);
    value
}

fn statement_json(one: &StatementRow) -> Value {
    json!({
        "month": one.month.to_string(),
        "opening": one.opening.0,
        "moved": moved_json(&one.moved),
        "closing": one.closing.0,
        "past_due": one.past_due.0,
        "minimum_due": one.minimum_due.0,
        "due": one.due.to_string(),
        "months_late": one.months_late,
    })
}

fn moved_json(moved: &MovedRow) -> Value {
    json!({
        "purchases": moved.purchases.0,
        "refunds": moved.refunds.0,
        "repayments": moved.repayments.0,
        "fees": moved.fees.0,
        "written_off": moved.written_off.0,
    })
}
