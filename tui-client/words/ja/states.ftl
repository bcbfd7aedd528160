# 注文の状態の呼び名、軸ごとに。

order-pending = 受付中
order-confirmed = 確定
order-completed = 完了
order-cancelled = 取消済み
order-expired = 期限切れ
payment-pending = 処理中
payment-authorized = 承認済み
payment-declined = 不承認
payment-unknown = 確認中
payment-reversed = 取消済み
payment-voided = 無効
payment-expired = 期限切れ
payment-captured = 請求済み
payment-partially-refunded = 一部返金
payment-refunded = 返金済み
fulfilment-not-fulfilled = 未発送
fulfilment-shipped = 発送済み
fulfilment-delivered = 配達済み
fulfilment-returned = 返品済み
span-seconds = { $seconds } 秒
span-minutes = { $minutes } 分 { $seconds } 秒
span-hours = { $hours } 時間 { $minutes } 分
count-pieces = { $count } 点
count-lines = { $count } 行
count-products = 商品 { $count } 件
