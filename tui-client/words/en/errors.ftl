# Why something came to nothing, and what to do about it.

shop-unreachable = the shop cannot be reached: { $why }
shop-no-answer = no answer in time
shop-untrusted = not to be trusted: { $what }
refused-unknown-sku = the shop has no product { $sku }
refused-unknown-order = the shop knows no such order of yours
refused-no-lines = nothing is on the list
refused-too-many-lines = more than { $lines } lines on one order
refused-bad-quantity = { $sku }: a quantity is from 1 to { $most }
refused-amount-too-large = the total is larger than any order may be
refused-bad-quote = this quote is not the shop's
refused-quote-expired = the quote has expired; ask for a new one
refused-bad-card = the sealed card is malformed
refused-already-shipped = it has left already: give it back instead of cancelling it
refused-duplicate = 94: this id was used before for something else
refused-try-later = the shop cannot take this now; try again later
refused-settlement-away = 91: the shop can take no payment now; nothing was ordered; try again later
answer-about-another-order = The shop answered about another order
refused-no-picture = the shop has no such picture
not-kept-not-sent = it cannot be kept on this machine, so it was not sent: { $why }
refused-not-in-charge = no node of the shop that can be reached is in charge; nothing was changed; try again later
