# うまくいかなかった理由と、次にできること。

shop-unreachable = お店につながりません：{ $why }
shop-no-answer = 時間内に返事がありませんでした
shop-untrusted = 信用できない返事です：{ $what }
refused-unknown-sku = 商品 { $sku } はお店にありません
refused-unknown-order = その注文はお店にありません
refused-no-lines = 商品が選ばれていません
refused-too-many-lines = 一度の注文は { $lines } 行までです
refused-bad-quantity = { $sku }：数量は 1 から { $most } までです
refused-amount-too-large = 合計が一度の注文の上限を超えています
refused-bad-quote = この見積りはお店のものではありません
refused-quote-expired = 見積りの期限が切れました。新しい見積りを取ってください
refused-bad-card = 封をしたカードの形が正しくありません
refused-already-shipped = もう発送されています。取消ではなく返品をしてください
refused-duplicate = 94：この番号は別の用件に使われています
refused-try-later = お店は今は受け付けられません。後でもう一度お試しください
refused-settlement-away = 91：お店は今、支払いを受けられません。何も注文されていません。後でお試しください
answer-about-another-order = お店から別の注文についての返事が届きました
refused-no-picture = その写真はお店にありません
not-kept-not-sent = この端末に記録できないため、送りませんでした：{ $why }
refused-not-in-charge = つながるお店のサーバーは今どれも受付を担当していません。何も変わっていません。後でお試しください
