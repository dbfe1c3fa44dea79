/// A Microsoft cloud: it determines the base URL of the service, the authority that issues tokens, and their audience.
///
/// Tokens of one cloud are invalid in another. Each of the three can be overridden with
/// [`ClientBuilder::base_url`](crate::ClientBuilder::base_url),
/// [`ClientBuilder::authority`](crate::ClientBuilder::authority) and
/// [`ClientBuilder::audience`](crate::ClientBuilder::audience).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// The public cloud.
    #[default]
    Global,
    /// The cloud in China, operated by 21Vianet.
    China,
    /// The cloud for the US government. It shares the service with the public cloud, but not the authority.
    UsGovernment,
    /// The German cloud, which was closed in 2021.
    Germany,
}

impl Cloud {
    /// All clouds.
    pub const ALL: [Self; 4] = [Self::Global, Self::China, Self::UsGovernment, Self::Germany];

    /// Returns the base URL of the service.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Global | Self::UsGovernment | Self::Germany => "https://api.partnercenter.microsoft.com",
            Self::China => "https://partner.partnercenterapi.microsoftonline.cn",
        }
    }

    /// Returns the URL of the authority, which issues tokens: Microsoft Entra ID.
    #[must_use]
    pub fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::China => "https://login.partner.microsoftonline.cn",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::Germany => "https://login.microsoftonline.de",
        }
    }

    /// Returns the audience of tokens: the resource identifier of the service.
    #[must_use]
    pub fn audience(self) -> &'static str {
        // The service uses its base URL as its resource identifier in every cloud.
        self.base_url()
    }
}
