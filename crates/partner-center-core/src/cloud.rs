/// One of Microsoft's clouds: where the service is, who issues its tokens, and for which audience.
///
/// Tokens of one cloud mean nothing in another. What a cloud sets can be set apart by
/// [`ClientBuilder::base_url`](crate::ClientBuilder::base_url), [`ClientBuilder::authority`](crate::ClientBuilder::authority) and
/// [`ClientBuilder::audience`](crate::ClientBuilder::audience).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Global,
    /// The cloud in China, operated by 21Vianet.
    China,
    /// The cloud for the government of the United States. It shares the service with the public one, but not the authority.
    UsGovernment,
    /// The German cloud, closed in 2021: for the record.
    Germany,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Global, Self::China, Self::UsGovernment, Self::Germany];

    /// Where the service lives.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Global | Self::UsGovernment | Self::Germany => "https://api.partnercenter.microsoft.com",
            Self::China => "https://partner.partnercenterapi.microsoftonline.cn",
        }
    }

    /// Where tokens are issued: the Entra authority.
    #[must_use]
    pub fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::China => "https://login.partner.microsoftonline.cn",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::Germany => "https://login.microsoftonline.de",
        }
    }

    /// Whom tokens must be issued for: the service's resource identifier.
    #[must_use]
    pub fn audience(self) -> &'static str {
        // The same text as the base URL's in every cloud, by the service's choice.
        self.base_url()
    }
}
