//! Names that the specification cannot use, because the crates or HTTP use them already.

/// Flags that the command line has for itself, for all operations.
pub(crate) const RESERVED_FLAGS: &[&str] = &[
    "application-name",
    "base-url",
    "body",
    "clear",
    "cloud",
    "columns",
    "config",
    "correlation-id",
    "deadline",
    "dry-run",
    "emulator",
    "emulator-customers",
    "emulator-with",
    "example-body",
    "help",
    "limit",
    "locale",
    "max-attempts",
    "max-retry-after",
    "output",
    "quiet",
    "set",
    "set-file",
    "timeout",
    "transport",
    "verbose",
    "version",
    "yes",
];

/// Hand-written types that the crates export, names of the prelude, and names that generated code and its macros use.
pub(crate) const RESERVED_TYPE_NAMES: &[&str] = &[
    "Accepted",
    "AccessToken",
    "AppRegistration",
    "AsMut",
    "AsRef",
    "Async",
    "AsyncClient",
    "AttemptDescription",
    "AuthorizationRequest",
    "AzureCredential",
    "BTreeMap",
    "Binary",
    "Blocking",
    "Body",
    "Box",
    "Bytes",
    "CallDescription",
    "CallMetadata",
    "CallOptions",
    "CallOutput",
    "CartOutcome",
    "CertificateProblem",
    "CheckoutOutcome",
    "CivilDateTime",
    "Client",
    "ClientBuilder",
    "Clone",
    "Cloud",
    "Completion",
    "ContinuationToken",
    "Copy",
    "Cow",
    "Credential",
    "Date",
    "DateTime",
    "Debug",
    "Decimal",
    "Default",
    "DefaultTransport",
    "DeviceCode",
    "Display",
    "DoubleEndedIterator",
    "Drop",
    "DynamicList",
    "EnvironmentProxy",
    "Eq",
    "Err",
    "Error",
    "ErrorCode",
    "ErrorKind",
    "ErrorReason",
    "ExactSizeIterator",
    "Extend",
    "Field",
    "Fn",
    "FnMut",
    "FnOnce",
    "ForEach",
    "From",
    "FromIterator",
    "FromResponse",
    "Future",
    "Hash",
    "Hooks",
    "Idempotency",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "InvalidContinuationToken",
    "InvalidParameter",
    "InvalidPollToken",
    "InvalidValue",
    "ItemOutcome",
    "Items",
    "ItemsAs",
    "Iterator",
    "JsonValue",
    "Limits",
    "LongRunning",
    "Map",
    "Method",
    "Mode",
    "MultipartForm",
    "Name",
    "NoContent",
    "None",
    "Nullable",
    "Object",
    "Ok",
    "Operation",
    "Option",
    "Ord",
    "Output",
    "PageAs",
    "PageFingerprint",
    "PagePosition",
    "Pages",
    "PagesWithMetadata",
    "Paginated",
    "Pagination",
    "Parameters",
    "ParsedJson",
    "PartialEq",
    "PartialOrd",
    "Path",
    "PollState",
    "PollToken",
    "Poller",
    "Polling",
    "PositionedPage",
    "ProxyServer",
    "RateLimitScope",
    "RateLimitStatus",
    "RawJson",
    "RawList",
    "RawPage",
    "RawRequest",
    "RefreshTokenLease",
    "Replacement",
    "ReplacementKind",
    "Request",
    "RequestIds",
    "Reqwest",
    "Resource",
    "Response",
    "ResponseAs",
    "ResponseReader",
    "Result",
    "RetryPolicy",
    "Secret",
    "Self",
    "Send",
    "ServiceError",
    "SignIn",
    "SignInBuilder",
    "SignedIn",
    "SingleResponse",
    "Sized",
    "Some",
    "String",
    "Sync",
    "SyncClient",
    "Text",
    "ToOwned",
    "ToString",
    "TokenError",
    "TokenErrorReason",
    "TokenRequest",
    "TokenSource",
    "Transport",
    "TransportError",
    "TransportErrorKind",
    "TryFrom",
    "TryInto",
    "UnknownFields",
    "UnknownInteger",
    "UnknownMethod",
    "UnknownVariant",
    "Unpin",
    "Updatable",
    "UploadFile",
    "Ureq",
    "Uuid",
    "Vec",
    "WithMetadata",
    "WriteOutcome",
];

/// Headers of the service that the client sets by itself.
pub(crate) const SERVICE_HEADERS_SET_BY_CLIENT: &[&str] = &[
    "MS-RequestId",
    "MS-CorrelationId",
    "MS-Contract-Version",
    "X-Locale",
    "MS-PartnerCenter-Application",
    "MS-PartnerCenter-Client",
    "MS-SdkVersion",
];

/// Headers that HTTP itself, the credential or the transport sets.
pub(crate) const RESERVED_HTTP_HEADERS: &[&str] = &[
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Host",
    "Transfer-Encoding",
    "User-Agent",
];

/// Whether a list of headers contains a name, in any case.
pub(crate) fn contains_header(headers: &[&str], name: &str) -> bool {
    headers.iter().any(|header| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::{RESERVED_TYPE_NAMES, SERVICE_HEADERS_SET_BY_CLIENT};
    use crate::workspace::workspace_root;
    use heck::ToPascalCase as _;
    use std::{fs, path::Path};
    use syn::{Item, UseTree, Visibility};

    /// A `pub use` of a name would shadow the generated one silently.
    #[test]
    fn exported_names_of_the_crates_are_reserved() {
        // The facade re-exports generated names by module, next to names of these crates only.
        for name in ["partner-center-models", "partner-center-core"] {
            let path = format!("crates/{name}/src/lib.rs");
            let file = syn::parse_file(&fs::read_to_string(workspace_root().join(&path)).unwrap()).unwrap();
            let names: Vec<_> = file.items.iter().flat_map(public_names).collect();
            assert!(!names.is_empty(), "{path}");
            // Schemas and operations can have names in Pascal case only.
            for name in names.iter().filter(|name| **name == name.to_pascal_case()) {
                assert!(
                    RESERVED_TYPE_NAMES.contains(&name.as_str()),
                    "{name} of {path} is missing in RESERVED_TYPE_NAMES"
                );
            }
        }
    }

    #[test]
    fn service_headers_are_set_by_the_client() {
        let mut source = String::new();
        read_all(&workspace_root().join("crates/partner-center-core/src"), &mut source);
        for header in SERVICE_HEADERS_SET_BY_CLIENT {
            assert!(source.contains(&format!("\"{}\"", header.to_lowercase())), "the client does not set {header}");
        }
    }

    fn read_all(folder: &Path, source: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_all(&path, source);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                *source += &fs::read_to_string(path).unwrap();
            }
        }
    }

    fn public_names(item: &Item) -> Vec<String> {
        match item {
            Item::Use(item) if is_public(&item.vis) => leaves(&item.tree),
            Item::Type(item) if is_public(&item.vis) => vec![item.ident.to_string()],
            Item::Struct(item) if is_public(&item.vis) => vec![item.ident.to_string()],
            Item::Enum(item) if is_public(&item.vis) => vec![item.ident.to_string()],
            Item::Trait(item) if is_public(&item.vis) => vec![item.ident.to_string()],
            _ => Vec::new(),
        }
    }

    /// Returns the names of a `use`; those behind a `*` are exported by another crate, or generated.
    fn leaves(tree: &UseTree) -> Vec<String> {
        match tree {
            UseTree::Path(path) => leaves(&path.tree),
            UseTree::Name(name) => vec![name.ident.to_string()],
            UseTree::Rename(rename) => vec![rename.rename.to_string()],
            UseTree::Glob(_) => Vec::new(),
            UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        }
    }

    fn is_public(visibility: &Visibility) -> bool {
        matches!(visibility, Visibility::Public(_))
    }
}
