//! Errors of connecting, told apart from those of an established connection.
//!
//! Both are I/O errors of the same kinds: a peer that cannot be reached any more is reported on an established connection, too.
//! Only after an error of connecting is it certain that nothing was sent, so that a write may be sent again.

use std::{error::Error as StdError, fmt};
use ureq::{
    Error,
    unversioned::transport::{ConnectionDetails, Connector, Transport},
};

/// A connector whose errors are each a [`ConnectError`].
#[derive(Debug)]
pub(crate) struct ConnectErrorConnector<C>(pub(crate) C);

impl<In: Transport, C: Connector<In>> Connector<In> for ConnectErrorConnector<C> {
    type Out = C::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<C::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| Error::Other(Box::new(ConnectError(error))))
    }
}

/// An error of connecting.
#[derive(Debug)]
pub(crate) struct ConnectError(Error);

impl ConnectError {
    /// Returns the error within `error`, if that is one of connecting, and otherwise `error`.
    pub(crate) fn unwrap_connect_error(error: Error) -> Result<Error, Error> {
        match error {
            Error::Other(other) => match other.downcast::<Self>() {
                Ok(connect_error) => Ok(connect_error.0),
                Err(other) => Err(Error::Other(other)),
            },
            error => Err(error),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl StdError for ConnectError {}
