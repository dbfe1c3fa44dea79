//! The discovery documents, in which clients find the endpoints of the authority.

use super::endpoint::EndpointVersion;
use crate::{customers::parse_guid, query::QueryParameters, test_credentials};
use http::Uri;
use serde_json::{Value, json};

/// Returns the `OpenID` configuration of `tenant` at `origin`.
pub(super) fn openid_configuration_document(origin: &str, tenant: &str, version: EndpointVersion) -> Value {
    // As with Entra, a domain becomes the identifier of its tenant, and an alias of several tenants stays an alias.
    let is_alias = ["common", "organizations", "consumers"].contains(&tenant);
    let id = resolve_tenant_id(tenant);
    let (segment, issuer_tenant) = if is_alias { (tenant, "{tenantid}") } else { (&*id, &*id) };
    let authority = format!("{origin}/{segment}");
    let (infix, issuer) = match version {
        EndpointVersion::V1 => ("", v1_issuer_url(issuer_tenant)),
        EndpointVersion::V2 => ("/v2.0", v2_issuer_url(origin, issuer_tenant)),
    };
    json!({
        "authorization_endpoint": format!("{authority}/oauth2{infix}/authorize"),
        "device_authorization_endpoint": format!("{authority}/oauth2{infix}/devicecode"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{authority}/discovery{infix}/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "token_endpoint": format!("{authority}/oauth2{infix}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    })
}

/// Returns the document of instance discovery, in which the authority at `origin` is the only one. The query of `uri` names the
/// tenant whose configuration the client will fetch.
pub(super) fn instance_discovery_document(origin: &str, uri: &Uri) -> Value {
    let endpoint = QueryParameters::parse(uri)
        .first_value("authorization_endpoint")
        .and_then(|endpoint| endpoint.parse::<Uri>().ok());
    let tenant = endpoint.as_ref().and_then(|uri| uri.path().split('/').nth(1)).filter(|tenant| !tenant.is_empty());
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    json!({
        "api-version": "1.1",
        "metadata": [{ "aliases": [host], "preferred_cache": host, "preferred_network": host }],
        "tenant_discovery_endpoint":
            format!("{origin}/{}/v2.0/.well-known/openid-configuration", tenant.unwrap_or("common")),
    })
}

/// Returns the identifier of the tenant that a path names by its identifier or by a domain.
pub(super) fn resolve_tenant_id(tenant: &str) -> String {
    parse_guid(tenant).map_or_else(|| test_credentials::TENANT_ID.to_owned(), |id| id.to_string())
}

/// Returns the issuer of access tokens, which are of version 1 at both endpoints.
pub(super) fn v1_issuer_url(tenant_id: &str) -> String {
    format!("https://sts.windows.net/{tenant_id}/")
}

/// Returns the issuer of ID tokens of version 2.
pub(super) fn v2_issuer_url(origin: &str, tenant_id: &str) -> String {
    format!("{origin}/{tenant_id}/v2.0")
}
