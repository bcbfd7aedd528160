# The shop by lines, for screen readers and simple terminals.

# Words that can be typed.
plain-word-up = up
plain-word-down = down
plain-word-left = left
plain-word-right = right
plain-word-page-up = previous
plain-word-page-down = next
plain-word-first = first
plain-word-last = last
plain-word-try-again = try again
plain-word-refresh = refresh
plain-word-repeat = repeat
plain-word-quantity = quantity

# What can be said.
plain-say = Say: { $words }.
plain-say-in-a-field = Type it and press Enter. :back goes back, :quit quits.
plain-between = ,{" "}
plain-can-number = a row's number
plain-can-count = how many as a number
plain-can-search = { $word } and what to look for
plain-help = Words you can type here, and the keys that do the same:
plain-help-row = { $word }, { $keys }: { $does }
plain-help-number = A number chooses that row of the list.
plain-help-repeat = An empty line, or the word repeat, tells everything again. Where a text is asked for, a word begins with a colon, as in :back.
plain-not-understood = Not understood here: { $line }. An empty line tells what you can say.
plain-line-too-long = This line is too long. Nothing was done.
plain-line-no-text = This line is not text in UTF-8. Nothing was done.
plain-pay-in-full = To pay, type the word pay in full. Nothing was paid.
plain-no-number-here = A number chooses nothing here.
plain-no-such-row = Choose a row from { $from } to { $last }.
plain-nothing-new = Nothing has changed.
plain-welcome = Kessai by lines. An empty line tells everything again; help tells the words; quit ends.
plain-because-dumb = This terminal cannot move its cursor, so the shop is told by lines.
plain-bye = Goodbye.
plain-leave-question = Quit now? Say quit to quit, stay to stay.

# Lists.
plain-row = { $row }: { $what }
plain-row-chosen = { $row }, chosen
plain-row-product = { $row } of { $total }: { $name }, { $price }, { $stock }
plain-row-cart = { $row } of { $total }: { $name }, { $count } at { $price }, { $sum }
plain-row-short = { $row }, only { $count } left
plain-row-line = { $row } of { $total }: { $name }, { $count } bought, { $sum }
plain-row-shipped = { $row }, { $count } shipped
plain-row-returned = { $row }, { $count } returned
plain-row-cancelled = { $row }, { $count } cancelled
plain-row-return = { $row } of { $total }: { $name }, { $count } of { $most } go back

# The shelves and one product.
plain-search-for-what = What are you looking for? A name or a SKU.
plain-search-so-far = So far: { $text }
plain-category = Category: { $name }
plain-all-categories = All categories
plain-searched = Search: { $text }. Back clears it.
plain-asking = Asking the shop.
plain-nothing-matches = Nothing here matches.
plain-sold-out = sold out
plain-available = { $count } available
plain-price = Price: { $price }
plain-sku = SKU: { $sku }
plain-quantity = Quantity: { $count }
plain-sum = Sum: { $sum }
plain-sum-too-much = Sum: more than an order may come to
plain-too-much = too much
plain-only-left = Careful: only { $count } available.
plain-in-cart = { $count } in the cart already

# Cart and checkout.
plain-cart-empty = The cart is empty. Say back for the shelves.
plain-total-listed = Total at listed prices: { $total }
plain-quote-comes = The shop's own price comes with checkout. Checking out spends nothing.
plain-asking-price = Asking the shop for its price.
plain-no-price = Nothing was paid. Say go on to ask again, or back.
plain-total = Total: { $total }
plain-price-holds = This price holds for { $left }.
plain-price-ran-out = This price has run out. Going on asks for a new one and pays nothing.
plain-which-card = Which card? Choosing one spends nothing.
plain-another-card = another card
plain-spends-nothing = What is paid comes next, and has to be confirmed.
plain-card = { $label }, { $card }
plain-card-with-key = { $label }, { $card }, signed with its own key
plain-card-ending = card ending in { $digits }
plain-form = The card is sealed for the card company; the shop never sees it.
plain-field-wrong = That cannot be: { $why }. Once more, please.
plain-field-number = Card number, 12 to 19 digits. What you type is not shown.
plain-field-name = Name as on the card.
plain-field-birth-date = Birth date, as in 1981-12-09.
plain-field-expiry = Expiry, year and month, as in 2029-08.
plain-confirm = Confirm the payment.
plain-to-shop = To: { $shop }
plain-with-card = With: { $card }
plain-type-pay = To pay this, type the word pay and press Enter. Nothing else pays.
plain-order-id = Order: { $order }
plain-paying = Paying. No word pays again; what happens is told here.

# How it ended.
plain-nothing-bought = Nothing was bought yet.
plain-accepted = Accepted. { $amount } was approved.
plain-thanks = Thank you. Say orders to see your orders.
plain-not-charged-in-cart = Nothing was charged. The goods are still in the cart.
plain-try-another-card = Say try again for another card, with a new order.
plain-try-again = Say try again for a new order.
plain-out-of-stock = Out of stock: { $name }, { $count } left.
plain-interrupted = Interrupted: the card company could not be asked in time. Nothing was charged.
plain-hold-expired = The approval ran out: the goods were not shipped in time.
plain-cancelled = Cancelled from this terminal. Nothing was charged.
plain-cancelled-by-shop = Cancelled by the shop: it will not send the goods.
plain-unknown = Not known yet: there is no answer about this payment so far.
plain-last-word = The last word was: { $why }
plain-unknown-safe = The shop is asked again by itself. It is safe to quit: only this same order id is used, so it is never paid twice.
plain-asked-times = Still not known; asked { $count ->
    [one] once so far
   *[other] { $count } times or more
}.
plain-asked-again-in = Asked again in { $left }.
plain-unheard = The shop has not seen this order. Say try again to send it again, as the same order.

# Orders.
plain-placed = Placed: { $placed } UTC
plain-order-is = Order: { $state }
plain-refunded = Refunded: { $amount }
plain-return = Choose what goes back.

# Shared with no screen.
plain-quoted = “{ $word }”
plain-row-order = { $row }: { $day }, { $what }, { $state }, { $total }
plain-and-more = { $first } and { $more } more
plain-group = Which orders: { $group }
plain-search-orders-for-what = Which order? A part of its id, or a product.
plain-payment-is = Payment: { $state }; { $proved }
plain-sent = Sent: { $sent }
plain-way = The order's way, newest first. What is not called proved is the shop's word.
plain-way-is-next = Say { $word } for the order's way.
plain-step = { $at }: { $what }
plain-step-proved = { $at }: { $what }, proved
plain-way-piece = with it: { $pieces } of { $product }
plain-tracking = tracking number { $number } of { $carrier }
plain-filter = Filter: { $filter }
plain-filters = Filters and sorting
plain-row-filter = { $row }: { $label }: { $value }
plain-type-a-price = Type a price, as in 12.50.
plain-check-holds = holds: { $what }
plain-check-fails = does not hold: { $what }
plain-check-unknown = not known: { $what }
plain-receipt-sides = Say { $word } for its other sides: the proof, the text and the code.
plain-save-where = Save as: type a path. :save takes the one that is proposed.
plain-save-proposed = Proposed: { $path }
plain-leg = { $what }, { $after }
plain-leg-awaited = Now: { $what }.
plain-short = { $count ->
    [one] Careful: the shop has too little of one line. Say back for the cart.
   *[other] Careful: the shop has too little of { $count } lines. Say back for the cart.
}
plain-not-understood-here = That is not understood here.
