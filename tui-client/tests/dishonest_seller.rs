//! A seller that lies. It has its own key and real answers of the settlement to show, and whatever
//! it makes of them, the terminal says "accepted" only of what was approved.

#[path = "../../shared/tests/support/groups.rs"]
mod groups;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use groups::signed_group;
use kessai_shared::card::Particulars;
use kessai_shared::exchange::{self, Limits};
use kessai_shared::identity::Identity;
use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, IssuerKeys, Quote, QuotedLine, SignedIssuerKeys, SignedQuote, Statement, Verdict,
};
use kessai_shared::seal::{SealingKey, Suite};
use kessai_shared::storefront::{
    ALPN, Answered, Cancelled, FulfilmentState, Line, OrderState, OrderView, PaymentState, Reply, Request,
    Standing, Welcome,
};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_tui_client::ending::Ending;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Shop, ShopError};
use kessai_tui_client::shop_file::ShopFile;

/// What the seller makes of an order that the settlement approved, or never saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// Shows the first order that was approved, whatever is asked.
    OldOrder,
    /// Shows the approval of a smaller amount.
    OtherAmount,
    /// Shows a decision that it signed itself.
    Invented,
    /// Shows a decision of its own with the proof of one that was made.
    BorrowedProof,
    /// Shows the decision without its path in the group.
    NoPath,
    /// Shows no decision at all.
    NoDecision,
    /// Turns a decline into an approval without signing anew.
    TurnedVerdict,
    /// Says that nothing was charged, and shows the approval.
    Denied,
    /// Passes on keys that another root signed.
    OtherKeys,
}

struct Liar {
    key: Identity,
    decision: Identity,
    keys: SignedIssuerKeys,
    foreign: SignedIssuerKeys,
    lie: Mutex<Lie>,
    first: Mutex<Option<OrderView>>,
}

impl exchange::Service for Liar {
    type Request = Request;
    type Reply = Answered;

    async fn call(self: Arc<Self>, _: Pin, request: Request) -> Answered {
        let lie = *self.lie.lock().expect("a lie");
        let reply = match request {
            Request::Hello => Reply::Welcome(Welcome {
                shop: "Liar".into(),
                seller: self.key.pin(),
                currency: Currency::Gbp,
                categories: Vec::new(),
                issuer_keys: vec![if lie == Lie::OtherKeys { &self.foreign } else { &self.keys }.clone()],
                settlement_up: true,
            }),
            Request::Quote { order, lines, .. } => Reply::Quoted(self.quote(order, &lines)),
            Request::Place { quote, .. } => Reply::Order(Box::new(self.answer(*quote, lie))),
            _ => Reply::Orders(Vec::new()),
        };
        Answered { standing: Standing::default(), reply }
    }
}

impl Liar {
    fn quote(&self, order: OrderId, lines: &[Line]) -> SignedQuote {
        let quoted = |l: &Line| QuotedLine { sku: l.sku, quantity: l.quantity, unit_price: Minor(100) };
        let total = Minor(lines.iter().map(|line| i64::from(line.quantity) * 100).sum());
        let deadline = Timestamp::from_system_clock().plus_seconds(900);
        let lines = lines.iter().map(quoted).collect();
        let (seller, customer, currency) = (self.key.pin(), Default::default(), Currency::Gbp);
        Quote { seller, order, customer, lines, total, currency, deadline }.sign(&self.key)
    }

    fn decision(&self, quote: &Quote, by: &Identity, verdict: Verdict) -> Decision {
        let (position, decided_at) = (7, Timestamp::from_system_clock());
        let statement = Statement { purchase: quote.purchase(), verdict, position, decided_at };
        signed_group(&[(statement, Vec::new())], by).swap_remove(0)
    }

    fn answer(&self, quote: SignedQuote, lie: Lie) -> OrderView {
        let approved = self.decision(&quote.quote, &self.decision, Verdict::Approved);
        let view = OrderView {
            names: vec![String::new()],
            returned: vec![0],
            placed_at: Timestamp::from_system_clock(),
            order: OrderState::Confirmed,
            shipped: vec![0],
            cancelled: vec![0],
            cancelling: false,
            payment: PaymentState::Authorized,
            fulfilment: FulfilmentState::NotFulfilled,
            cancelled_for: None,
            refunded: Minor::ZERO,
            decision: Some(approved),
            deliver_to: None,
            shipments: Vec::new(),
            history: Vec::new(),
            quote,
        };
        let mut first = self.first.lock().expect("the first");
        let first = first.get_or_insert_with(|| view.clone()).clone();
        match lie {
            Lie::None | Lie::OtherKeys => view,
            Lie::OldOrder => first,
            Lie::OtherAmount => OrderView { decision: first.decision, ..view },
            Lie::Invented => {
                let invented = self.decision(&view.quote.quote, &self.key, Verdict::Approved);
                OrderView { decision: Some(invented), ..view }
            }
            Lie::BorrowedProof => {
                let mut invented = self.decision(&view.quote.quote, &self.key, Verdict::Approved);
                let made = first.decision.expect("the first was decided");
                invented.proof = made.proof;
                OrderView { decision: Some(invented), ..view }
            }
            Lie::NoPath => {
                let statement = |quote: &Quote, position| {
                    let (verdict, decided_at) = (Verdict::Approved, Timestamp::from_system_clock());
                    (Statement { purchase: quote.purchase(), verdict, position, decided_at }, Vec::new())
                };
                let two = [statement(&first.quote.quote, 8), statement(&view.quote.quote, 9)];
                let mut stripped = signed_group(&two, &self.decision).swap_remove(1);
                stripped.proof.path.clear();
                OrderView { decision: Some(stripped), ..view }
            }
            Lie::NoDecision => OrderView { decision: None, ..view },
            Lie::TurnedVerdict => {
                let mut turned = self.decision(&view.quote.quote, &self.decision, Verdict::Declined);
                turned.statement.verdict = Verdict::Approved;
                OrderView { decision: Some(turned), ..view }
            }
            Lie::Denied => {
                let (order, cancelled_for) = (OrderState::Cancelled, Some(Cancelled::Interrupted));
                OrderView { order, cancelled_for, ..view }
            }
        }
    }
}

fn issuer(root: &Identity, decision: &Identity) -> SignedIssuerKeys {
    let sealing = SealingKey::from_seed(Suite::X25519, [3; 32]);
    let now = Timestamp::from_system_clock();
    IssuerKeys {
        key_id: sealing.key_id(),
        suite: Suite::X25519 as u8,
        sealing_key: sealing.public(),
        decision_key: decision.public(),
        not_before: now.minus_seconds(60),
        not_after: now.plus_seconds(3_600),
    }
    .sign(root)
}

fn card() -> Particulars {
    Particulars {
        number: "9999991000000012".parse().expect("a number"),
        name: "HANAKO MORI".parse().expect("a name"),
        birth_date: "1988-04-12".parse().expect("a day"),
        expiry: "2031-09".parse().expect("a month"),
    }
}

async fn pay(liar: &Arc<Liar>, shop: &Shop, lie: Lie, quantity: u32) -> Result<Ending, ShopError> {
    *liar.lie.lock().expect("a lie") = lie;
    let order = shop.open_checkout()?;
    let lines = [Line { sku: Sku::new("TEA").expect("a SKU"), quantity }];
    let quote = shop.quote(order, &lines).await?;
    shop.pay(&quote, &card().into()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_believes_no_lie_of_its_seller() {
    let new = || Identity::generate().expect("a key");
    let (root, decision, key) = (new(), new(), new());
    let (keys, foreign) = (issuer(&root, &decision), issuer(&new(), &decision));
    let (lie, first) = (Mutex::new(Lie::None), Mutex::new(None));
    let tls = tls::server_config(&key, Peers::Any, ALPN, Migration::Allowed).expect("a configuration");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let endpoint = RealNet::default().endpoint(any, Some(tls)).expect("an endpoint");
    let address = endpoint.local_addr().expect("an address");
    let seller_pins = vec![key.pin()];
    let liar = Arc::new(Liar { key, decision, keys, foreign, lie, first });
    tokio::spawn(exchange::serve(
        endpoint,
        Peers::Any,
        Arc::clone(&liar),
        Limits::default(),
        std::future::pending(),
    ));
    let file = ShopFile { addresses: vec![address], seller_pins, issuer_roots: vec![root.pin()] };
    let home = tempfile::tempdir().expect("a folder");
    let open = |name: &str| {
        let home = Home::new(home.path().join(name));
        let clock = Arc::new(Timestamp::from_system_clock);
        let shop = Shop::new(file.clone(), home, &RealNet::default(), clock).expect("a shop");
        shop.patient_for(Duration::from_secs(20))
    };
    let shop = open("terminal");
    let honest = pay(&liar, &shop, Lie::None, 1).await;
    assert_eq!(honest, Ok(Ending::Accepted { amount: Minor(100), currency: Currency::Gbp }));
    let lies = [
        Lie::OldOrder,
        Lie::OtherAmount,
        Lie::Invented,
        Lie::BorrowedProof,
        Lie::NoPath,
        Lie::NoDecision,
        Lie::TurnedVerdict,
        Lie::Denied,
    ];
    for lie in lies {
        let ending = pay(&liar, &shop, lie, 9).await;
        assert!(matches!(ending, Err(ShopError::Untrusted(_))), "{lie:?} gave {ending:?}");
    }
    // A terminal that has no keys yet takes none that its root did not sign.
    let ending = pay(&liar, &open("another"), Lie::OtherKeys, 9).await;
    assert!(matches!(ending, Err(ShopError::Untrusted(_))), "other keys gave {ending:?}");
}
