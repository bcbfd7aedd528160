# Orders, cancellations, returns and receipts.

# The list of orders.
orders-all = All
orders-open = Open
orders-shipped = Shipped
orders-returned = Returned
orders-cancelled = Cancelled
orders-search = Search: { $text }
orders-search-hint = { $key } searches by order id or product
orders-count = { $count ->
    [one] { $count } order
   *[other] { $count } orders
}
orders-cannot-be-listed = The orders cannot be listed: { $why }
orders-ask-again = { $key } asks the shop again.
orders-asking = Asking the shop…
orders-asking-older = Asking for older orders…
orders-none = There are no orders yet.
orders-none-match = No order matches.
orders-day = Day (UTC)
orders-what = What
orders-state = State
orders-total = Total
orders-what-and-more = { $first } +{ $more }
orders-unanswered = A return of this order was not answered; { $key } opens it.

# Where an order stands, in one word.
standing-placing = being placed
standing-preparing = being packed
standing-part-sent = part sent
standing-cancelling = cancelling
standing-on-its-way = on its way
standing-delivered = delivered
standing-part-returned = part returned
standing-returned = returned
standing-declined = declined
standing-sold-out = sold out
standing-interrupted = interrupted
standing-hold-expired = expired
standing-cancelled = cancelled

# One order.
order-goods = Goods
order-way = Way
order-placed-label = Placed
order-state-label = State
order-payment-label = Payment
order-total-label = Total
order-refunded-label = Refunded
order-refund-due = more is on its way back
order-sent-label = Sent
order-sent = { $shipped } of { $pieces }
order-sent-cancelled = { $shipped } of { $pieces }, { $cancelled } cancelled
order-product = Product
order-bought = Bought
order-left = Sent
order-returned-column = Back
order-give-back-column = Give back
order-sum = Sum
order-proved-approved = { $amount } approved, as the settlement signed
order-proved-declined = declined, as the settlement signed (code { $code }: { $why })
order-not-proved = no signed decision yet
order-out-of-stock = Out of stock: { $sku }, { $available } left.
order-declined = Declined.
order-interrupted = Interrupted; nothing was charged.
order-hold-expired = The approval ran out; what was not sent is not charged.
order-cancelled-by-you = Cancelled by you; what was not sent is not charged.
order-cancelled-by-shop = Cancelled by the shop; what was not sent is not charged.
order-not-shipped-in-time = Not sent in time; what was not sent is not charged.
doubt-pieces = The shop's numbers of pieces contradict each other.
doubt-shipments = The shop's shipments do not come to what it says was sent.
doubt-times = The shop's times contradict each other.
doubt-state = The shop tells another way than the order's state.
doubt-amounts = The shop's amounts do not fit the order.

# Its way.
way-head = Newest first, in UTC. The shop's word, but for what is marked { $sign }.
way-none = The shop tells nothing of its way.
way-next-placing = Waiting for the decision…
way-next-preparing = Waiting to be sent…
way-next-on-its-way = On its way…
way-next-cancelling = Being cancelled…
way-next-refund = A refund is on its way…
way-proved = proved
step-placed = Ordered
step-turned-away = Turned away: not all of it was in stock
step-approved = Payment approved
step-declined = Payment declined
step-doubted = No decision came in time
step-reversed = Nothing is held any more
step-preparing = Being packed
step-shipped = Shipment { $nth } left: { $pieces }, { $amount }
step-shipped-bare = Shipment { $nth } left
step-hold-expired = The approval ran out
step-delivered = Delivered
step-cancel-asked = Cancellation asked for
step-cancelled = Cancelled
step-rest-cancelled = The rest was cancelled
step-cancel-too-late = Too late to cancel
step-return-asked = Return asked for
step-released = Returned before it was sent; held no longer
step-refunded = Refunded
way-tracking = { $carrier } { $number }
way-piece = { $pieces } × { $product }

# Returns.
return-nothing-there = There is nothing on this order that could be given back
return-choose-first = Choose how many to give back with + first
return-under-way = The return is on its way; its answer comes here
return-refunded = Given back; { $amount } refunded
return-pending = Taken back; the refund is not confirmed yet
return-refused = Taken back; { $amount } refunded, and the rest is refused: ask the shop
return-nothing-left = Nothing was taken back: there is nothing left to return
return-unanswered = { $count ->
    [one] A return was not answered; it waits with its order
   *[other] { $count } returns were not answered; they wait with their orders
}
return-ask = { $key } gives back { $pieces }: { $amount } comes back
return-ask-nothing = Choose how many to give back with + and -
return-partly-held = What was not sent yet is held no longer; the rest is paid back.
return-to-card = It is paid back to the card that paid.
return-sending = Giving back { $pieces }…
return-again = { $key } sends the same return of { $pieces } again, safely; { $back } leaves

# Cancelling.
cancel-under-way = The cancellation is on its way; its answer comes here
cancel-nothing-left = Nothing of this order is left that could be cancelled
cancel-asked = Asked for; it is not acknowledged yet
cancelled-but-charged = Cancelled, but charged all the same: ask the shop for a refund
cancelled-whole = Cancelled; nothing is charged
cancelled-rest = The rest is cancelled and not charged
cancel-ask = { $key } again cancels { $pieces }; { $back } keeps the order
cancel-ask-pending = { $key } again cancels the whole order; { $back } keeps it
cancel-too-late = Too late for { $pieces } that left already.
cancel-being = It is being cancelled…
cancel-sending = Cancelling…

# Receipts.
title-receipt = Receipt
receipt-undecided = Nothing was decided about this order, so there is no receipt
receipt-asking = Asking the shop for the proof…
receipt-cannot = There is no receipt: { $why }
receipt-proof = Proof
receipt-lines = Text
receipt-code = Code
receipt-proved-approved = Proved: { $amount } was approved for this order.
receipt-proved-declined = Proved: { $amount } was declined for this order.
receipt-not-proved = This proves nothing: a step below does not hold.
receipt-of-strangers = Every signature holds, but who signed is not known here.
receipt-part-quote = What was bought
receipt-part-key = Whose word counts
receipt-part-decision = What was decided
receipt-meaning = Anybody can check this file without the shop, for ever.
check-quote-signed = The seller { $pin } signed the price
check-seller-known = That seller is this shop
check-sum = The lines come to { $total }
check-key-signed = The issuer { $pin } vouches for the settlement's key
check-root-known = That issuer is one this shop names
check-purchase = The decision is about this order and this price
check-place = It stands in the settlement's journal, record { $position }
check-head-signed = The settlement signed the journal there, { $at }
check-unknown = not known
check-fails = does not hold
code-says = Anybody can compare it with the file: { $text }
code-too-narrow = Widen the window to see the code: { $columns } columns and { $rows } rows are needed.
code-none = This receipt is too long for a code.
save-where = Save as:
save-hint = No other file is overwritten.
save-saving = Saving…
receipt-saved = Saved: { $path }
receipt-taken = { $path }: something else is there already; choose another name
receipt-no-folder = { $path }: there is no such folder
receipt-not-written = { $path }: it cannot be written: { $why }

# Days and times.
month-01 = Jan
month-02 = Feb
month-03 = Mar
month-04 = Apr
month-05 = May
month-06 = Jun
month-07 = Jul
month-08 = Aug
month-09 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
date-day = { $day } { $month } { $year }
date-short = { $day } { $month }
date-instant = { $date }, { $time }
date-instant-short = { $date }, { $time }
order-as-the-shop-says = as the shop says
