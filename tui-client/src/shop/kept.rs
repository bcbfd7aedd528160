//! Returns kept on this machine while they are under way, and receipts with what can be found out about them.

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{Line, ReturnView};

use super::Shop;
use crate::app::model::{KeptReturn, Proved};
use crate::kept_returns::KeptReturns;
use crate::receipt_code::{self, Code};
use crate::receipt_file::Believed;
use crate::receipts;
use crate::shop_error::ShopError;

impl Shop {
    /// Mints a return's id, and writes it to this terminal's own file with what it is for before anything is
    /// sent.
    ///
    /// # Errors
    /// [`ShopError::Local`] when it cannot be written.
    pub fn open_return(&self, order: OrderId, lines: Vec<Line>) -> Result<ReturnId, ShopError> {
        let id = self.mint_return();
        self.keep_return(&KeptReturn { id, order, lines })?;
        Ok(id)
    }

    /// Writes a return down whose id was named from outside.
    ///
    /// # Errors
    /// [`ShopError::Local`] when it cannot be written.
    pub fn keep_return(&self, kept: &KeptReturn) -> Result<(), ShopError> {
        let shop = self.inner.file.seller_pins.first().copied().unwrap_or(Pin([0; 32]));
        let written = self.kept().keep(shop, kept);
        written
            .map_err(|why| ShopError::Local(format!("the return cannot be kept, so it is not sent: {why}")))
    }

    /// The returns to this shop that were sent, or may have been, and never answered.
    ///
    /// # Errors
    /// [`ShopError::Local`] when they cannot be looked for.
    pub fn kept_returns(&self) -> Result<Vec<KeptReturn>, ShopError> {
        let found = self.kept().of_shop(&self.inner.file.seller_pins);
        found.map_err(|why| ShopError::Local(format!("unanswered returns cannot be looked for: {why}")))
    }

    /// Forgets a return when its answer says that it need not be sent again. Passes the answer on.
    ///
    /// # Errors
    /// As the answer.
    pub fn close_return(
        &self,
        id: ReturnId,
        answer: Result<ReturnView, ShopError>,
    ) -> Result<ReturnView, ShopError> {
        let is_over = match &answer {
            Ok(_) => true,
            Err(ShopError::Refused(refusal)) => !refusal.is_transient(),
            Err(
                ShopError::Unreachable(_)
                | ShopError::NoAnswer
                | ShopError::Untrusted(_)
                | ShopError::NotKept(_)
                | ShopError::Local(_)
                | ShopError::Broke,
            ) => false,
        };
        if is_over {
            // One that stays is offered once more, and answered the same.
            let _ = self.kept().forget(id);
        }
        answer
    }

    /// The receipt of an order that was decided, with all that can be found out about it here.
    ///
    /// # Errors
    /// As [`Shop::receipt`].
    pub async fn proved(&self, order: OrderId) -> Result<Proved, ShopError> {
        let receipt = self.receipt(order).await?;
        let checks = receipt.checks(&self.believed()).to_vec();
        let code_text = receipt_code::text(order, &receipt.text());
        let code = Code::of(&code_text);
        let path = receipts::proposed(self.inner.home.path(), order).display().to_string();
        Ok(Proved { receipt, checks, code_text, code, path })
    }

    /// Whom this shop's file says to believe.
    pub fn believed(&self) -> Believed {
        let file = &self.inner.file;
        Believed { sellers: file.seller_pins.clone(), roots: file.issuer_roots.clone() }
    }

    fn kept(&self) -> KeptReturns {
        KeptReturns::of(self.inner.home.path())
    }
}
