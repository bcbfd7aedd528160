# The shelves: search, filters, and one product.

browse-all = All
browse-hint = { $search } to search, { $filter } to filter, { $sort } to sort
browse-hint-short = { $search } to search
browse-search = Search:
browse-asking = Asking the shop…
browse-nothing = Nothing here matches.
browse-nothing-advice = { $key } takes back what narrows the list, step by step.
browse-problem = The products cannot be listed: { $why }
browse-incomplete = { $key } asks again: { $why }
browse-ask-again = { $key } asks the shop again.
browse-head-product = Product
browse-head-sku = SKU
browse-head-stock = In stock
browse-head-price = Price
browse-sold-out = sold out
filter-in-stock = in stock
filter-from = from { $price }
filter-up-to = up to { $price }
filter-between = { $least } to { $most }
filters-in-stock = In stock only
filters-least = Price from
filters-most = Price up to
filters-sort = Sorted by
filters-yes = yes
filters-no = no
filters-any = any
filters-bad-price = No price, or the first is above the second.
sort-best = best match
sort-name = name
sort-price-up = price, lowest first
sort-price-down = price, highest first
sort-stock = stock, most first
product-price = Price
product-stock = In stock
product-sku = SKU
product-category = Category
product-quantity = Quantity
product-sold-out = sold out
product-all-reserved = sold out ({ $on-hand } on hand, all reserved)
product-all-available = { $available } on hand, all available
product-some-available = { $on-hand } on hand, { $available } available
product-none-left = None can be bought now.
product-short = Only { $available } available.
product-too-much = more than an order may come to
product-in-cart = { $count } in the cart already
product-asking = Asking the shop…
product-no-description = The shop says nothing more about it.
product-problem = No more is known of it now: { $why }
product-other = The shop answered about another product
product-more-below = { $rows ->
    [one] { $key }: { $rows } more line
   *[other] { $key }: { $rows } more lines
}
product-more-above = { $key }: back to the top
