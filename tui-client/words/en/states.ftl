# What the states of an order are called, each on its own axis.

order-pending = pending
order-confirmed = confirmed
order-completed = completed
order-cancelled = cancelled
order-expired = expired
payment-pending = pending
payment-authorized = authorized
payment-declined = declined
payment-unknown = not known
payment-reversed = reversed
payment-voided = voided
payment-expired = expired
payment-captured = captured
payment-partially-refunded = part refunded
payment-refunded = refunded
fulfilment-not-fulfilled = not shipped
fulfilment-shipped = shipped
fulfilment-delivered = delivered
fulfilment-returned = returned
span-seconds = { $seconds } s
span-minutes = { $minutes } min { $seconds } s
span-hours = { $hours } h { $minutes } min
count-pieces = { $count ->
    [one] { $count } piece
   *[other] { $count } pieces
}
count-lines = { $count ->
    [one] { $count } line
   *[other] { $count } lines
}
count-products = { $count ->
    [one] { $count } product
   *[other] { $count } products
}
