//! The countries of generated customers, with company names, addresses and people in the script of each: they show whether a
//! client handles letters beyond ASCII, characters outside the Basic Multilingual Plane, and text from right to left.

/// A country with the values that its customers are generated from.
pub(crate) struct Country {
    /// The code of ISO 3166, two letters.
    pub(crate) code: &'static str,
    /// The language and the country, such as `de-DE`.
    pub(crate) culture: &'static str,
    /// The prefix of telephone numbers.
    pub(crate) dialing_code: &'static str,
    /// Whether the service requires the registration number of companies.
    pub(crate) registers_organizations: bool,
    /// The separator between the parts of a company's name.
    pub(crate) separator: &'static str,
    pub(crate) companies: &'static [CompanyNameWord],
    pub(crate) trades: &'static [CompanyNameWord],
    pub(crate) legal_forms: &'static [&'static str],
    pub(crate) cities: &'static [City],
    pub(crate) streets: &'static [&'static str],
    pub(crate) given_names: &'static [&'static str],
    pub(crate) family_names: &'static [&'static str],
}

impl Country {
    /// The codes of the countries in which the service requires the registration number of a company, and its telephone number.
    pub(crate) const COUNTRIES_REQUIRING_REGISTRATION_NUMBER: [&str; 24] = [
        "AM", "AZ", "BY", "HU", "KZ", "KG", "MD", "RU", "TJ", "UZ", "UA", "BR", "IN", "ZA", "PL", "AE", "SA", "TR",
        "TH", "VN", "MM", "IQ", "SS", "VE",
    ];
}

/// A part of a company's name.
#[derive(Clone, Copy)]
pub(crate) struct CompanyNameWord {
    pub(crate) native: &'static str,
    /// The transliteration, in letters that a domain may have.
    pub(crate) latin: &'static str,
}

/// A city with a postal code and its state or province, which is empty where addresses have none.
#[derive(Clone, Copy)]
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
    pub(crate) postal_code: &'static str,
}

/// The countries to pick from. A country that is listed twice is picked twice as often.
pub(crate) const WEIGHTED_COUNTRIES: &[&Country] = &[
    &UNITED_STATES,
    &UNITED_STATES,
    &UNITED_STATES,
    &GERMANY,
    &GERMANY,
    &FRANCE,
    &FRANCE,
    &BRAZIL,
    &POLAND,
    &TURKIYE,
    &VIETNAM,
    &GREECE,
    &UKRAINE,
    &CHINA,
    &JAPAN,
    &JAPAN,
    &SAUDI_ARABIA,
    &INDIA,
];

const fn new_company_name_word(native: &'static str, latin: &'static str) -> CompanyNameWord {
    CompanyNameWord { native, latin }
}

const fn new_city(name: &'static str, state: &'static str, postal_code: &'static str) -> City {
    City { name, state, postal_code }
}

const UNITED_STATES: Country = Country {
    code: "US",
    culture: "en-US",
    dialing_code: "+1",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("Contoso", "contoso"),
        new_company_name_word("Fabrikam", "fabrikam"),
        new_company_name_word("Tailspin", "tailspin"),
        new_company_name_word("Wingtip", "wingtip"),
        new_company_name_word("A. Datum", "adatum"),
        new_company_name_word("Trey", "trey"),
        new_company_name_word("O'Malley & Sons", "omalleyandsons"),
    ],
    trades: &[
        new_company_name_word("Toys", "toys"),
        new_company_name_word("Logistics", "logistics"),
        new_company_name_word("Research", "research"),
        new_company_name_word("\"Fresh\" Foods", "freshfoods"),
        new_company_name_word("Health", "health"),
    ],
    legal_forms: &["", "Inc.", "LLC", "Corp."],
    cities: &[
        new_city("Redmond", "WA", "98052"),
        new_city("Austin", "TX", "78701"),
        new_city("New York", "NY", "10001"),
    ],
    streets: &["Main Street", "Microsoft Way", "5th Avenue"],
    given_names: &["Amy", "Chris", "Jordan", "María José"],
    family_names: &["Alberts", "Green", "Nguyen", "O'Brien"],
};

const GERMANY: Country = Country {
    code: "DE",
    culture: "de-DE",
    dialing_code: "+49",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("Müller", "mueller"),
        new_company_name_word("Größer", "groesser"),
        new_company_name_word("Käsmann", "kaesmann"),
        new_company_name_word("Österreicher", "oesterreicher"),
        new_company_name_word("Nordwind", "nordwind"),
    ],
    trades: &[
        new_company_name_word("Maschinenbau", "maschinenbau"),
        new_company_name_word("Bäckerei", "baeckerei"),
        new_company_name_word("Straßenbau", "strassenbau"),
    ],
    legal_forms: &["GmbH", "AG", "GmbH & Co. KG", "e. K."],
    cities: &[
        new_city("München", "BY", "80331"),
        new_city("Köln", "NW", "50667"),
        new_city("Saarbrücken", "SL", "66111"),
    ],
    streets: &["Hauptstraße", "Lindenallee", "Am Weißen Turm"],
    given_names: &["Jürgen", "Anke", "Björn", "Zoë"],
    family_names: &["Schröder", "Weiß", "Groß-Lehmann", "Vogt"],
};

const FRANCE: Country = Country {
    code: "FR",
    culture: "fr-FR",
    dialing_code: "+33",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("Élan", "elan"),
        new_company_name_word("Cœur d'Artichaut", "coeurdartichaut"),
        new_company_name_word("Forêt", "foret"),
        new_company_name_word("L'Étoile", "letoile"),
    ],
    trades: &[
        new_company_name_word("Pâtisserie", "patisserie"),
        new_company_name_word("Ingénierie", "ingenierie"),
        new_company_name_word("Santé", "sante"),
    ],
    legal_forms: &["SARL", "SA", "SAS", "& Cie"],
    cities: &[
        new_city("Orléans", "", "45000"),
        new_city("Nîmes", "", "30000"),
        new_city("L'Haÿ-les-Roses", "", "94240"),
    ],
    streets: &["rue de l'Église", "avenue Foch", "place du Marché"],
    given_names: &["Hélène", "François", "Loïc"],
    family_names: &["Lefèvre", "d'Aboville", "Noël"],
};

const BRAZIL: Country = Country {
    code: "BR",
    culture: "pt-BR",
    dialing_code: "+55",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("São Jorge", "saojorge"),
        new_company_name_word("Coração", "coracao"),
        new_company_name_word("Pé de Serra", "pedeserra"),
    ],
    trades: &[
        new_company_name_word("Construções", "construcoes"),
        new_company_name_word("Informática", "informatica"),
        new_company_name_word("Cafés", "cafes"),
    ],
    legal_forms: &["Ltda.", "S.A.", "ME"],
    cities: &[new_city("São Paulo", "SP", "01001-000"), new_city("Brasília", "DF", "70040-010")],
    streets: &["Rua das Flores", "Avenida Paulista"],
    given_names: &["João", "Inês", "Antônio"],
    family_names: &["Gonçalves", "da Conceição", "Araújo"],
};

const POLAND: Country = Country {
    code: "PL",
    culture: "pl-PL",
    dialing_code: "+48",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("Żółw", "zolw"),
        new_company_name_word("Śląsk", "slask"),
        new_company_name_word("Dąb", "dab"),
    ],
    trades: &[new_company_name_word("Usługi", "uslugi"), new_company_name_word("Księgarnia", "ksiegarnia")],
    legal_forms: &["sp. z o.o.", "S.A."],
    cities: &[new_city("Łódź", "", "90-001"), new_city("Kraków", "", "30-001")],
    streets: &["ul. Długa", "ul. Święty Marcin"],
    given_names: &["Łukasz", "Małgorzata"],
    family_names: &["Wójcik", "Dąbrowska"],
};

const TURKIYE: Country = Country {
    code: "TR",
    culture: "tr-TR",
    dialing_code: "+90",
    registers_organizations: false,
    separator: " ",
    // Dotted and dotless i: lower and upper case differ from other languages.
    companies: &[
        new_company_name_word("İNCİ", "inci"),
        new_company_name_word("Işık", "isik"),
        new_company_name_word("Güneş", "gunes"),
    ],
    trades: &[new_company_name_word("Gıda", "gida"), new_company_name_word("Yazılım", "yazilim")],
    legal_forms: &["A.Ş.", "Ltd. Şti."],
    cities: &[new_city("İstanbul", "", "34000"), new_city("Muğla", "", "48000")],
    streets: &["Atatürk Caddesi", "Çınar Sokak"],
    given_names: &["İbrahim", "Ayşe"],
    family_names: &["Yılmaz", "Öztürk"],
};

const VIETNAM: Country = Country {
    code: "VN",
    culture: "vi-VN",
    dialing_code: "+84",
    registers_organizations: false,
    separator: " ",
    companies: &[new_company_name_word("Phở Việt", "phoviet"), new_company_name_word("Hòa Bình", "hoabinh")],
    trades: &[new_company_name_word("Thương mại", "thuongmai"), new_company_name_word("Kỹ thuật", "kythuat")],
    legal_forms: &["TNHH", "Cổ phần"],
    cities: &[new_city("Hà Nội", "", "100000"), new_city("Đà Nẵng", "", "550000")],
    streets: &["Phố Huế", "đường Lê Lợi"],
    given_names: &["Thị Hương", "Văn Đức"],
    family_names: &["Nguyễn", "Trần"],
};

const GREECE: Country = Country {
    code: "GR",
    culture: "el-GR",
    dialing_code: "+30",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("Αθηνά", "athina"),
        new_company_name_word("Ήλιος", "ilios"),
        new_company_name_word("Οδυσσεύς", "odysseus"),
    ],
    trades: &[new_company_name_word("Τεχνική", "techniki"), new_company_name_word("Ναυτιλία", "naftilia")],
    legal_forms: &["Α.Ε.", "Ε.Π.Ε."],
    cities: &[new_city("Αθήνα", "", "105 57"), new_city("Θεσσαλονίκη", "", "546 24")],
    streets: &["Οδός Ερμού", "Λεωφόρος Νίκης"],
    given_names: &["Γιώργος", "Ελένη"],
    family_names: &["Παπαδόπουλος", "Νικολάου"],
};

const UKRAINE: Country = Country {
    code: "UA",
    culture: "uk-UA",
    dialing_code: "+380",
    registers_organizations: true,
    separator: " ",
    companies: &[
        new_company_name_word("Зоря", "zoria"),
        new_company_name_word("Їжак", "yizhak"),
        new_company_name_word("Дніпро", "dnipro"),
    ],
    trades: &[new_company_name_word("Аграрна компанія", "agro"), new_company_name_word("Зв'язок", "zviazok")],
    legal_forms: &["ТОВ", "ПрАТ"],
    cities: &[new_city("Київ", "", "01001"), new_city("Львів", "", "79000")],
    streets: &["вул. Хрещатик", "просп. Свободи"],
    given_names: &["Олексій", "Оксана"],
    family_names: &["Шевченко", "Мар'яненко"],
};

const CHINA: Country = Country {
    code: "CN",
    culture: "zh-CN",
    dialing_code: "+86",
    registers_organizations: false,
    separator: "",
    companies: &[
        new_company_name_word("东方", "dongfang"),
        new_company_name_word("长城", "changcheng"),
        new_company_name_word("𠮷祥", "jixiang"),
    ],
    trades: &[new_company_name_word("科技", "keji"), new_company_name_word("贸易", "maoyi")],
    legal_forms: &["有限公司", "股份有限公司"],
    cities: &[new_city("北京市", "", "100000"), new_city("上海市", "", "200000")],
    streets: &["长安街", "南京路"],
    given_names: &["伟", "秀英"],
    family_names: &["王", "欧阳"],
};

const JAPAN: Country = Country {
    code: "JP",
    culture: "ja-JP",
    dialing_code: "+81",
    registers_organizations: false,
    separator: "",
    companies: &[
        new_company_name_word("さくら", "sakura"),
        new_company_name_word("フジヤマ", "fujiyama"),
        new_company_name_word("髙島", "takashima"),
        new_company_name_word("ﾋｶﾘ", "hikari"),
    ],
    trades: &[
        new_company_name_word("電機", "denki"),
        new_company_name_word("ソフトウェア", "software"),
        new_company_name_word("商事", "shoji"),
    ],
    legal_forms: &["株式会社", "合同会社"],
    cities: &[new_city("東京都", "", "100-0001"), new_city("大阪市", "", "530-0001")],
    streets: &["丸の内", "ひばりが丘"],
    given_names: &["花子", "タロウ"],
    family_names: &["佐藤", "髙橋"],
};

const SAUDI_ARABIA: Country = Country {
    code: "SA",
    culture: "ar-SA",
    dialing_code: "+966",
    registers_organizations: false,
    separator: " ",
    companies: &[new_company_name_word("شركة الفجر", "alfajr"), new_company_name_word("مؤسسة النخيل", "alnakheel")],
    trades: &[new_company_name_word("للتجارة", "tijara"), new_company_name_word("للتقنية", "tiqniya")],
    legal_forms: &["المحدودة", "ش.م.س."],
    cities: &[new_city("الرياض", "", "11564"), new_city("جدة", "", "21589")],
    streets: &["شارع الملك فهد", "طريق المدينة"],
    given_names: &["محمد", "نورة"],
    family_names: &["العتيبي", "القحطاني"],
};

const INDIA: Country = Country {
    code: "IN",
    culture: "hi-IN",
    dialing_code: "+91",
    registers_organizations: false,
    separator: " ",
    companies: &[
        new_company_name_word("सूर्य", "surya"),
        new_company_name_word("गंगा", "ganga"),
        new_company_name_word("हिन्द", "hind"),
    ],
    trades: &[new_company_name_word("उद्योग", "udyog"), new_company_name_word("सॉफ़्टवेयर", "software")],
    legal_forms: &["प्रा. लि.", "लिमिटेड"],
    cities: &[new_city("नई दिल्ली", "DL", "110001"), new_city("मुंबई", "MH", "400001")],
    streets: &["महात्मा गांधी मार्ग", "स्टेशन रोड"],
    given_names: &["अनिल", "प्रिया"],
    family_names: &["शर्मा", "सिंह"],
};
