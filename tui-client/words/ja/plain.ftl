# 読み上げと簡素な端末のための、行ごとのお店。

# 入力できる言葉。
plain-word-up = 上
plain-word-down = 下
plain-word-left = 左
plain-word-right = 右
plain-word-page-up = 前へ
plain-word-page-down = 次へ
plain-word-first = 最初
plain-word-last = 最後
plain-word-try-again = もう一度
plain-word-refresh = 更新
plain-word-repeat = 繰り返す
plain-word-quantity = 数量

# 言えること。
plain-say = 入力できる言葉：{ $words }。
plain-say-in-a-field = 入力して Enter を押してください。:戻る で戻り、:終了 で終了します。
plain-between = 、
plain-can-number = 行の番号
plain-can-count = 数量の数字
plain-can-search = { $word } と探す言葉
plain-help = ここで入力できる言葉と、同じ働きのキー：
plain-help-row = { $word }、{ $keys }：{ $does }
plain-help-number = 番号を入力すると、その行を選びます。
plain-help-repeat = 空の行か「繰り返す」で、すべてをもう一度お伝えします。文字の入力中は、:戻る のようにコロンを付けてください。
plain-not-understood = ここでは使えない言葉です：{ $line }。空の行で、使える言葉をお伝えします。
plain-line-too-long = 行が長すぎます。何も行っていません。
plain-line-no-text = この行は UTF-8 の文字ではありません。何も行っていません。
plain-pay-in-full = 支払うには「支払う」と最後まで入力してください。まだ支払われていません。
plain-no-number-here = ここでは番号で選べません。
plain-no-such-row = { $from } から { $last } までの番号を選んでください。
plain-nothing-new = 変わったことはありません。
plain-welcome = Kessai を行ごとにお伝えします。空の行ですべてをもう一度、「ヘルプ」で使える言葉をお伝えします。「終了」で終わります。
plain-because-dumb = この端末はカーソルを動かせないため、行ごとにお伝えします。
plain-bye = ありがとうございました。
plain-leave-question = 終了しますか。終了するには「終了」、残るには「残る」と入力してください。

# 一覧。
plain-row = { $row }：{ $what }
plain-row-chosen = { $row }、選択中
plain-row-product = { $total } 件中 { $row }：{ $name }、{ $price }、{ $stock }
plain-row-cart = { $total } 件中 { $row }：{ $name }、{ $price } を { $count } 点、{ $sum }
plain-row-short = { $row }、残りは { $count } 点だけです
plain-row-line = { $total } 件中 { $row }：{ $name }、購入 { $count } 点、{ $sum }
plain-row-shipped = { $row }、発送済み { $count } 点
plain-row-returned = { $row }、返品済み { $count } 点
plain-row-cancelled = { $row }、取消済み { $count } 点
plain-row-return = { $total } 件中 { $row }：{ $name }、{ $most } 点のうち { $count } 点を返品

# 商品一覧と商品。
plain-search-for-what = 何をお探しですか。商品名か商品番号を入力してください。
plain-search-so-far = ここまでの入力：{ $text }
plain-category = 分類：{ $name }
plain-all-categories = すべての分類
plain-searched = 検索：{ $text }。「戻る」で消します。
plain-asking = お店に問い合わせています。
plain-nothing-matches = 当てはまる商品がありません。
plain-sold-out = 売り切れ
plain-available = 在庫 { $count } 点
plain-price = 価格：{ $price }
plain-sku = 商品番号：{ $sku }
plain-quantity = 数量：{ $count }
plain-sum = 小計：{ $sum }
plain-sum-too-much = 小計：一度の注文の上限を超えています
plain-too-much = 上限を超えています
plain-only-left = ご注意ください：在庫は { $count } 点だけです。
plain-in-cart = カートに { $count } 点入っています

# カートとレジ。
plain-cart-empty = カートは空です。「戻る」で商品一覧へ戻ります。
plain-total-listed = 表示価格での合計：{ $total }
plain-quote-comes = お店の見積りはレジで出ます。レジへ進んでも、まだ支払いはありません。
plain-asking-price = お店に価格を問い合わせています。
plain-no-price = 支払われていません。「進む」でもう一度問い合わせ、「戻る」で戻ります。
plain-total = 合計：{ $total }
plain-price-holds = この価格は、あと { $left } 有効です。
plain-price-ran-out = この価格の期限が切れました。進むと新しい価格を問い合わせます。支払いはありません。
plain-which-card = どのカードをお使いになりますか。選んでも、まだ支払いはありません。
plain-another-card = 別のカード
plain-spends-nothing = お支払いの内容は、次の画面で確認していただきます。
plain-card = { $label }、{ $card }
plain-card-with-key = { $label }、{ $card }、専用の鍵で署名
plain-card-ending = 末尾 { $digits } のカード
plain-form = カードはカード会社宛てに封をします。お店には見えません。
plain-field-wrong = 正しくないようです：{ $why }。もう一度お願いします。
plain-field-number = カード番号、12 桁から 19 桁。入力は表示されません。
plain-field-name = カードに書かれているお名前。
plain-field-birth-date = 生年月日。例：1981-12-09
plain-field-expiry = 有効期限の年と月。例：2029-08
plain-confirm = お支払いの確認です。
plain-to-shop = お支払い先：{ $shop }
plain-with-card = お使いのカード：{ $card }
plain-type-pay = 支払うには「支払う」と入力して Enter を押してください。ほかの言葉では支払われません。
plain-order-id = 注文番号：{ $order }
plain-paying = お支払いの手続き中です。もう一度支払われることはありません。経過はここでお伝えします。

# 結果。
plain-nothing-bought = まだ何も購入されていません。
plain-accepted = 承認されました。金額は { $amount } です。
plain-thanks = ありがとうございます。「注文」でご注文を確認できます。
plain-not-charged-in-cart = 請求はありません。商品はカートに残っています。
plain-try-another-card = 「もう一度」で、新しい注文として別のカードをお使いになれます。
plain-try-again = 「もう一度」で、新しい注文としてやり直せます。
plain-out-of-stock = 在庫切れです：{ $name }、残り { $count } 点。
plain-interrupted = 中断しました：カード会社に時間内に問い合わせできませんでした。請求はありません。
plain-hold-expired = 承認の期限が切れました：期限までに発送されませんでした。
plain-cancelled = この端末から取り消しました。請求はありません。
plain-cancelled-by-shop = お店が取り消しました：商品は発送されません。
plain-unknown = 結果はまだわかりません：このお支払いについての返事がありません。
plain-last-word = 最後の知らせ：{ $why }
plain-unknown-safe = お店には自動で問い合わせます。終了しても安全です。同じ注文番号だけを使うので、二重に支払われることはありません。
plain-asked-times = 結果はまだわかりません。これまでに { $count } 回以上問い合わせました。
plain-asked-again-in = あと { $left } で、もう一度問い合わせます。
plain-unheard = お店はこの注文を受け取っていません。「もう一度」で、同じ注文として送り直します。

# ご注文。
plain-placed = 注文日時：{ $placed } UTC
plain-order-is = 注文：{ $state }
plain-refunded = 返金：{ $amount }
plain-return = 返品する商品を選んでください。

# Shared with no screen.
plain-quoted = 「{ $word }」
plain-row-order = { $row }：{ $day }、{ $what }、{ $state }、{ $total }
plain-and-more = { $first } ほか { $more } 品
plain-group = 表示する注文：{ $group }
plain-search-orders-for-what = どのご注文ですか。注文番号の一部か商品名を入力してください。
plain-payment-is = 支払い：{ $state }。{ $proved }
plain-sent = 発送：{ $sent }
plain-way = 注文の経過、新しい順。「証明済み」と付かないものは、お店からの知らせです。
plain-way-is-next = { $word }で、注文の経過をお伝えします。
plain-step = { $at }：{ $what }
plain-step-proved = { $at }：{ $what }、証明済み
plain-way-piece = 内訳：{ $product } を { $pieces } 点
plain-tracking = { $carrier } の追跡番号 { $number }
plain-filter = 絞り込み：{ $filter }
plain-filters = 絞り込みと並べ替え
plain-row-filter = { $row }：{ $label }：{ $value }
plain-type-a-price = 価格を入力してください。例：12.50
plain-check-holds = 正しい：{ $what }
plain-check-fails = 正しくない：{ $what }
plain-check-unknown = 不明：{ $what }
plain-receipt-sides = { $word }で、証明、文面、コードを切り替えます。
plain-save-where = 保存先を入力してください。:保存 で、提案の場所に保存します。
plain-save-proposed = 提案：{ $path }
plain-leg = { $what }、{ $after }
plain-leg-awaited = 現在：{ $what }。
plain-short = ご注意ください：{ $count } 行で在庫が足りません。「戻る」でカートへ戻ります。
plain-not-understood-here = ここではその入力はわかりません。
