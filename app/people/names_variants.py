"""Which characters are one character in two shapes, for comparing names only (BR-68; docs/decisions/0006).

``STRONG`` joins shapes that registers, cards and keyboards exchange for each other: an old form and its modern one, a
printed shape and a written one. ``WEAK`` joins characters that make different names but are often taken for each
other: a weak match is a reason for a person to look, never a match.
"""

from __future__ import annotations

# One group each; the first character stands for all. A test holds that no character is in two groups, and that NFKC
# leaves every character as it is: what NFKC joins by itself (compatibility forms) needs no row here.
_TABLE = """
亜亞 悪惡 圧壓 囲圍 医醫 壱壹 隠隱 栄榮 営營 衛衞 駅驛 円圓 塩鹽 縁緣 艶艷 応應 欧歐 殴毆 桜櫻
奥奧 横橫 温溫 仮假 価價 画畫 会會 絵繪 懐懷 壊壞 拡擴 覚覺 学學斈 岳嶽 楽樂 渇渴 巻卷 陥陷 勧勸
寛寬 関關 歓歡 観觀 缶罐 巌巖嵒嵓 帰歸 気氣 亀龜 偽僞 戯戲 犠犧 旧舊 拠據 挙擧舉 虚虛 峡峽 挟挾
狭狹 郷鄕鄉 教敎 暁曉 勲勳 薫薰 径徑 恵惠 渓溪 経經 継繼 茎莖 掲揭 鶏鷄雞 芸藝 撃擊 欠缺 県縣 倹儉
険險 検檢 献獻 験驗 権權 顕顯 圏圈 剣劍劒 研硏 厳嚴 広廣 効效 恒恆 黄黃 鉱鑛 号號 国國囯 黒黑 済濟
砕碎 剤劑 斎齋 斉齊 崎﨑嵜㟢 冊册 桟棧 蚕蠶 惨慘 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 写寫冩
釈釋 寿壽夀 収收 従從 渋澁澀 獣獸 縦縱 粛肅 処處 緒緖 叙敍敘 将將 焼燒 奨奬 条條 状狀 乗乘 浄淨
剰剩 畳疊疉 縄繩 壌壤 嬢孃 譲讓 醸釀 嘱囑 触觸 真眞 寝寢 慎愼 尽盡 図圖 粋粹 酔醉 穂穗 随隨 髄髓
枢樞 数數 瀬瀨 声聲 静靜 窃竊 摂攝 専專 戦戰 浅淺 潜潛 繊纖 践踐 銭錢 禅禪 双雙 壮壯 争爭 荘莊
捜搜 挿插 巣巢 装裝 総總緫 騒騷 増增 蔵藏 臓臟 即卽 属屬 続續 堕墮 対對 体體躰 帯帶 滞滯 台臺 滝瀧
択擇 沢澤 担擔 胆膽 単單 団團 弾彈 断斷 痴癡 遅遲 昼晝 虫蟲 鋳鑄 庁廳 徴徵 聴聽 勅敕 鎮鎭 逓遞
鉄鐵銕 点點奌 転轉 伝傳 当當 灯燈 党黨 盗盜 稲稻 闘鬪 徳德 独獨 読讀 届屆 弐貳 悩惱 脳腦 覇霸 拝拜
廃廢 売賣 麦麥 発發 髪髮 抜拔 蛮蠻 浜濱濵 秘祕 富冨 払拂 仏佛 並竝 辺邊邉 変變 弁辨辯瓣 宝寶寳 豊豐
褒襃 峰峯 翻飜 毎每 万萬 満滿 麺麵 黙默 野埜 弥彌 訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠
来來 頼賴 乱亂 覧覽 竜龍 両兩 猟獵 緑綠 涙淚 塁壘 礼禮 励勵 霊靈 齢齡 恋戀 炉爐 労勞 郎郞 楼樓
録錄 湾灣 鴎鷗 桧檜 薮藪籔 渕淵渊 島嶋嶌 高髙 吉𠮷 土圡 橋槗𣘺 館舘 柳栁桺 曽曾 鶴靏靍鸖 間閒 槙槇
桑桒 昇曻 船舩 尭堯 遥遙 瑶瑤 蒋蔣 萌萠 蕊蘂 蛎蠣 諌諫 鈎鉤 鋭銳 頚頸 駆驅駈 騨驒 鯵鰺 鴬鶯 麹麴
鹸鹼 晋晉 昂昻 晩晚 暦曆 歴歷 梅楳 松枩 村邨 杉杦 柏栢 梼檮 涼凉 清淸 瀦潴 猪豬 瓶甁 産產 留畱
祢禰 禄祿 秋龝穐 税稅 稟禀 穣穰 竪豎 篭籠 糺糾 絶絕 脱脫 青靑 内內 戸戶 歩步 歳歲 姫姬 尚尙 彦彥
悦悅 概槪 既旣 没沒 鄰隣 錬鍊 閲閱 頴穎 顔顏 飲飮 鼠鼡 竈竃 亘亙 侠俠 倶俱 凜凛 剥剝 呑吞 嘘噓
噛嚙 填塡 壷壺 屏屛 并幷 厨廚 強强 掴摑 掻搔 揚敭 撹攪 攅攢 枦櫨 檪櫟 毘毗 沖冲 決决 況况 潅灌
焔焰 煙烟 爾尒 牆墻 瑠璢 砺礪 砿礦 祷禱 稱称 箪簞 糧粮 繋繫 罵駡 聡聰 芦蘆 莱萊 葱蔥 蓑簑 薗園
藁藳 蘇蘓 蝋蠟 蝉蟬 覗覘 躯軀 軽輕 迩邇 醤醬 鋪舗 鑑鑒 雑雜 韮韭 頬頰 風凮 靱靭 峨峩 怪恠 恥耻
憩憇 晃晄 朶朵 本夲 款欵 氷冰 汚汙 沿㳂 涛濤 無无 煕熙 珍珎 畝畆畒 疎踈 皐皋 盃杯 矩榘 窓窗 群羣
耕畊 肇肈 脚腳 腸膓 舎舍 草艸 虎乕 衆眾 裏裡 詠咏 雁鳫 区區 参參 呉吳 弯彎 戻戾 査查 殻殼 為爲
穏穩 蛍螢 説說 証證 渉涉 猫貓 繍繡 痩瘦 庵菴 却卻 唖啞 曁暨 呪咒 刹剎 溌潑 ケヶヵ
"""
STRONG = tuple(_TABLE.split())

# 斎 and 斉 are two surnames that families, clerks and keyboards mix up (BR-68); the others are of the same sort.
WEAK = ("斎斉", "藤籐", "徳悳", "荘庄", "総惣", "巌岩", "畑畠", "崎碕", "桝枡", "のノ之")
