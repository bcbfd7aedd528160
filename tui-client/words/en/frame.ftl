# What stands around every screen.

title-keys = Keys
title-quit = Quit?
title-shop = Shop
title-product = Product
title-cart = Cart
title-checkout = Checkout
title-outcome = Your purchase
title-orders = Your orders
title-order = Order
head-cart-empty = Cart empty
head-cart = Cart { $pieces } · { $total }
head-cart-too-much = Cart { $pieces }
link-connecting = connecting
link-up = connected
link-up-payments-down = connected, payments down
link-down = not connected
link-down-again = not connected, again in { $left }
unknown-payments = { $count ->
    [one] { $count } payment unknown
   *[other] { $count } payments unknown
}
window-too-small = The window is too small.
leave-under-way = A payment is under way.
leave-is-safe = Quitting is safe: the order id is kept on this machine, and the order can be looked up under it later. It will not be paid twice.
leave-question = Quit now? { $quit } quits, { $stay } stays.
label-order = Order
title-palette = What would you like to do?
payments-down = The shop can take no payments at the moment. The shelves, the cart and your orders work.
offline = No connection for { $lasting }
offline-still-works = The cart is kept, and receipts that were saved can be read. Nothing is paid meanwhile.
shown-products = list from { $age } ago
shown-orders = orders as of { $age } ago
shown-order = order as of { $age } ago
link-no-payments = no payments
rough-seconds = { $count } s
rough-minutes = { $count } min
rough-hours = { $count } h
rough-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
shown-by-standby = Read from the standby, { $behind } behind; nothing can be bought now
shown-by-standby-unknown = Read from the standby, of unknown age; nothing can be bought now
standby-only-shows = This is read from the shop's standby: nothing can be bought at the moment.
