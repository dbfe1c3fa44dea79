//! Names that the specification cannot give, since something has them already.

/// Types that the crates give away by hand, and names that generated code and its macros use.
pub(crate) const TYPES: &[&str] = &[
    "AccessToken",
    "AppRegistration",
    "Async",
    "AsyncClient",
    "AzureCredential",
    "Blocking",
    "Box",
    "Bytes",
    "CallOutput",
    "CertificateProblem",
    "Client",
    "ClientBuilder",
    "Cloud",
    "ContinuationToken",
    "Credential",
    "Default",
    "DefaultTransport",
    "EnvironmentProxy",
    "Err",
    "Error",
    "ErrorCode",
    "ErrorKind",
    "ErrorReason",
    "Field",
    "Into",
    "InvalidContinuationToken",
    "InvalidParameter",
    "Items",
    "ItemsAs",
    "JsonValue",
    "Limits",
    "Method",
    "Mode",
    "Name",
    "NoContent",
    "None",
    "Object",
    "Ok",
    "Operation",
    "Option",
    "Output",
    "PageAs",
    "PageFingerprint",
    "Pages",
    "Paginated",
    "Pagination",
    "Parameters",
    "ParsedJson",
    "ProxyServer",
    "RawJson",
    "RefreshTokenLease",
    "Replacement",
    "ReplacementKind",
    "Request",
    "Reqwest",
    "Resource",
    "Response",
    "ResponseAs",
    "Result",
    "RetryPolicy",
    "Secret",
    "Self",
    "ServiceError",
    "SingleResponse",
    "Some",
    "String",
    "SyncClient",
    "TokenError",
    "TokenErrorReason",
    "TokenRequest",
    "TokenSource",
    "Transport",
    "TransportError",
    "TransportErrorKind",
    "UnknownFields",
    "UnknownVariant",
    "Ureq",
    "Uuid",
    "Vec",
];

/// Headers of the service that the client sets by itself.
pub(crate) const SERVICE_HEADERS: &[&str] = &[
    "MS-RequestId",
    "MS-CorrelationId",
    "MS-Contract-Version",
    "X-Locale",
    "MS-PartnerCenter-Application",
    "MS-PartnerCenter-Client",
    "MS-SdkVersion",
];

/// Headers that belong to HTTP itself, to the credential or to the transport.
pub(crate) const HTTP_HEADERS: &[&str] = &[
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

/// Whether a list of headers has a name; the case of letters does not matter.
pub(crate) fn has(headers: &[&str], name: &str) -> bool {
    headers.iter().any(|header| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::{SERVICE_HEADERS, TYPES};
    use crate::codegen::workspace_root;
    use heck::ToPascalCase as _;
    use std::fs;
    use syn::{Item, UseTree, Visibility};

    /// A `pub use` of a name would win over the generated one, without a word.
    #[test]
    fn every_name_that_a_crate_gives_away_by_hand_is_taken() {
        // The facade re-exports generated names by module, next to names of these crates only.
        for name in ["partner-center-models", "partner-center-core"] {
            let path = format!("crates/{name}/src/lib.rs");
            let file = syn::parse_file(&fs::read_to_string(workspace_root().join(&path)).unwrap()).unwrap();
            let names: Vec<_> = file.items.iter().flat_map(public_names).collect();
            assert!(!names.is_empty(), "{path}");
            // No schema or operation can be named otherwise.
            for name in names.iter().filter(|name| **name == name.to_pascal_case()) {
                assert!(TYPES.contains(&name.as_str()), "{name} of {path} is missing in the reserved TYPES");
            }
        }
    }

    #[test]
    fn the_client_sets_every_header_that_it_is_said_to_set() {
        let source = |name| fs::read_to_string(workspace_root().join("crates/partner-center-core/src").join(name));
        let source = source("client.rs").unwrap() + &source("engine/service_call.rs").unwrap();
        for header in SERVICE_HEADERS {
            assert!(source.contains(&format!("\"{}\"", header.to_lowercase())), "the client does not set {header}");
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

    /// The names of a `use`; what a `*` stands for, another crate gives away, or the generator.
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
