use http::{HeaderMap, header::ACCEPT};

/// Whether a client with these `headers` accepts JSON (RFC 9110, section 12.5.1): the most specific media range decides.
pub(crate) fn accepts_json(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let ranges: Vec<_> =
        lines.flat_map(|line| line.split(',')).map(str::trim).filter(|range| !range.is_empty()).collect();
    let matching = ranges.iter().filter_map(|range| Some((json_specificity(range)?, has_nonzero_quality(range))));
    // A client that names no range accepts anything.
    ranges.is_empty() || matching.max().is_some_and(|(_, is_acceptable)| is_acceptable)
}

/// Returns how specifically a media range names JSON; the maximum decides. The service's documentation has both media types.
fn json_specificity(range: &str) -> Option<u8> {
    let media_type = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/json" | "text/json" => Some(2),
        "application/*" | "text/*" => Some(1),
        // The single asterisk is in the default of Java's `HttpURLConnection`.
        "*/*" | "*" => Some(0),
        _ => None,
    }
}

/// Whether the quality of a media range is not zero. Zero means "not acceptable".
fn has_nonzero_quality(range: &str) -> bool {
    let mut parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let quality = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    quality.is_none_or(|(_, value)| value.trim().parse() != Ok(0.0_f32))
}

#[cfg(test)]
mod tests {
    use super::accepts_json;
    use http::{HeaderMap, HeaderValue, header::ACCEPT};

    fn accepts(lines: &[&'static str]) -> bool {
        let lines = lines.iter().map(|line| (ACCEPT, HeaderValue::from_static(line)));
        accepts_json(&lines.collect::<HeaderMap>())
    }

    #[test]
    fn json_is_acceptable_to_usual_clients() {
        for lines in [
            &[][..],
            &[""],
            &["application/json"],
            &["Application/JSON; charset=utf-8"],
            &["text/json"],
            &["application/json, text/plain, */*"],
            &["application/json, application/*+json"],
            &["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"],
            &["text/html", "application/*;q=0.1"],
            &["*/*;q=0, application/json"],
        ] {
            assert!(accepts(lines), "{lines:?}");
        }
    }

    #[test]
    fn json_is_not_acceptable_if_it_is_excluded_or_not_named() {
        for lines in [
            &["application/xml"][..],
            &["text/html, image/*"],
            &["application/json;q=0"],
            &["application/json; Q=0.000, */*"],
            &["*/*;q=0"],
            &["json"],
        ] {
            assert!(!accepts(lines), "{lines:?}");
        }
    }
}
