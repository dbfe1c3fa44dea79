//! Finds the operation of a request by its method and path, from the tables of the specification.

use crate::resource_path::escape_uri_component;
use partner_center_spec::{Method, OPERATIONS, Operation};
use percent_encoding::percent_decode_str;
use std::{iter, sync::LazyLock};

/// The operation of a request with the segments of its path.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    /// The segments of the request's path, decoded.
    pub(crate) segments: Vec<String>,
}

/// A request that no operation is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RouteError {
    NotFound,
    /// The path has operations with these methods only.
    MethodNotAllowed(Vec<Method>),
}

impl Route {
    /// Returns the segment in the place of the path parameter `name`.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.path_parameters();
        parameters.find(|(parameter, _)| *parameter == name).map(|(_, value)| value)
    }

    /// Returns the path parameters with their values, in the order of the path.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let names = path_segments(self.operation.path).map(parameter_name_of_segment);
        names.zip(&self.segments).filter_map(|(name, value)| Some((name?, value.as_str())))
    }

    /// Returns the path of the request below the version, percent-encoded, in the case that it was sent in: what a link has.
    pub(crate) fn link_path(&self) -> String {
        let has_version = self.segments.first().is_some_and(|first| first.eq_ignore_ascii_case("v1"));
        let segments = self.segments.iter().skip(usize::from(has_version));
        segments.flat_map(|segment| iter::once("/").chain(escape_uri_component(segment))).collect()
    }
}

/// Returns the route for a request with `method` and `path`, which may have any number of slashes between the segments. A literal
/// segment, which may be in any case, wins over a parameter.
pub(crate) fn route_request(method: &http::Method, path: &str) -> Result<Route, RouteError> {
    static ROUTES: LazyLock<RouteTree> = LazyLock::new(|| RouteTree::new(OPERATIONS));
    ROUTES.find_route(method, path)
}

/// The operations by the segments of their paths.
#[derive(Default)]
struct RouteTree {
    /// The subtrees of literal segments, in lower case.
    literals: Vec<(String, RouteTree)>,
    /// The subtree of a parameter.
    parameter: Option<Box<RouteTree>>,
    operations: Vec<&'static Operation>,
}

impl RouteTree {
    fn new(operations: &'static [Operation]) -> Self {
        let mut root = Self::default();
        for operation in operations {
            let node = path_segments(operation.path).fold(&mut root, Self::child_or_insert);
            node.operations.push(operation);
        }
        root
    }

    /// Returns the subtree of a segment of an operation's path, which is added if it is not there.
    fn child_or_insert(&mut self, segment: &str) -> &mut Self {
        if parameter_name_of_segment(segment).is_some() {
            return self.parameter.get_or_insert_default();
        }
        let literal = segment.to_lowercase();
        let index = self.literals.iter().position(|(existing, _)| *existing == literal).unwrap_or_else(|| {
            self.literals.push((literal, Self::default()));
            self.literals.len() - 1
        });
        &mut self.literals[index].1
    }

    fn find_route(&self, method: &http::Method, path: &str) -> Result<Route, RouteError> {
        let segments: Vec<_> = path_segments(path).map(decode_path_segment).collect();
        let operations = &self.find_node_with_operations(&segments).ok_or(RouteError::NotFound)?.operations;
        match operations.iter().find(|operation| operation.method.as_str() == method.as_str()) {
            Some(operation) => Ok(Route { operation, segments }),
            None => Err(RouteError::MethodNotAllowed(operations.iter().map(|operation| operation.method).collect())),
        }
    }

    /// Returns the subtree of `segments`, if it has operations. A literal that leads nowhere does not hide a parameter:
    /// `/customers/all/validations` does not hide `/customers/{id}/users` from a customer named `all`, which is then rejected.
    fn find_node_with_operations(&self, segments: &[String]) -> Option<&Self> {
        let Some((first, rest)) = segments.split_first() else {
            return (!self.operations.is_empty()).then_some(self);
        };
        let literal = self.literals.iter().find(|(literal, _)| first.eq_ignore_ascii_case(literal));
        literal
            .and_then(|(_, subtree)| subtree.find_node_with_operations(rest))
            .or_else(|| self.parameter.as_ref().and_then(|subtree| subtree.find_node_with_operations(rest)))
    }
}

fn decode_path_segment(segment: &str) -> String {
    // Few segments have anything to decode.
    if segment.contains('%') {
        percent_decode_str(segment).decode_utf8_lossy().into_owned()
    } else {
        segment.to_owned()
    }
}

fn path_segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// Returns the name of the parameter that a segment of an operation's path stands for.
pub(crate) fn parameter_name_of_segment(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::{RouteError, RouteTree, route_request};
    use http::Method;
    use partner_center_spec::{OPERATIONS, operation};

    #[test]
    fn every_operation_is_found_by_its_path() {
        for operation in OPERATIONS {
            let path: String = operation.path.replace(['{', '}'], "");
            let method: Method = operation.method.as_str().parse().unwrap();
            for path in [path.to_uppercase(), path.replace('/', "//"), format!("{path}/")] {
                let route = route_request(&method, &path).unwrap();
                assert_eq!(route.operation.id, operation.id);
                for (name, value) in route.path_parameters() {
                    assert!(value.eq_ignore_ascii_case(name));
                }
            }
        }
    }

    #[test]
    fn parameter_is_decoded() {
        let route = route_request(&Method::GET, "/v1/customers/a%2Fb%20c").unwrap();
        assert_eq!(route.operation.id, "getCustomer");
        assert_eq!(route.path_parameter("customer-tenant-id"), Some("a/b c"));
        assert_eq!(route.path_parameter("customer"), None);
    }

    #[test]
    fn literal_wins_over_a_parameter_but_does_not_hide_it() {
        let mut tree = RouteTree::default();
        let [first, second] = ["listCustomers", "getCustomer"].map(|id| operation(id).unwrap());
        for (path, operation) in [(["a", "{x}", "c"], first), (["a", "b", "d"], second)] {
            path.into_iter().fold(&mut tree, RouteTree::child_or_insert).operations.push(operation);
        }
        let found = |path: &str| tree.find_route(&Method::GET, path).map(|route| route.operation.id);
        assert_eq!(found("/a/B/d"), Ok("getCustomer"));
        assert_eq!(found("/a/b/c"), Ok("listCustomers"));
        assert_eq!(found("/a/z/c"), Ok("listCustomers"));
        for missing in ["/a/z/d", "/a/b", "/", "/a/b/c/e"] {
            assert_eq!(found(missing), Err(RouteError::NotFound), "{missing}");
        }
    }

    #[test]
    fn other_method_is_not_allowed() {
        let Err(RouteError::MethodNotAllowed(allowed)) = route_request(&Method::OPTIONS, "/v1/customers") else {
            panic!("no operation has the method OPTIONS")
        };
        assert!(allowed.contains(&partner_center_spec::Method::Get));
    }
}
