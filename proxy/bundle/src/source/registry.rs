//! An OCI registry: bundles as artifacts of the distribution specification 1.1.
//!
//! An artifact has an empty config and one or two layers: the archive, and the file of its signatures. What comes is
//! believed only so far as its digests go, is bounded while it comes, and says nothing of who made it: that is what the
//! signatures are for.

mod client;
mod reference;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};

use super::{Delivery, SIGNATURES};
use crate::trust::Signatures;
use crate::{Bundle, BundleError, Digest, limits};

/// What the archive's layer is called, and the artifact.
const BUNDLE: &str = "application/vnd.cordon.policy.bundle.v1+tar";
/// What the layer of the signatures is called.
const SIGNATURE: &str = "application/vnd.cordon.policy.signature.v1";
/// The config that says nothing (image specification 1.1, "Guidance for an Empty Descriptor").
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const TITLE: &str = "org.opencontainers.image.title";

/// Of an artifact's manifest, in bytes.
const MANIFEST: usize = 64 << 10;

/// For the manifest, and whatever must be asked for it.
const SHORT: Duration = Duration::from_secs(30);
/// For a layer.
const LONG: Duration = Duration::from_secs(300);

/// How a registry is reached.
#[derive(Clone, Default)]
pub struct Access {
    /// User and password; without them, anybody's access. They go to the registry, and to where it says that tokens are
    /// to be had.
    pub credentials: Option<(String, String)>,
    /// Go without TLS, over which anybody on the way can read credentials. A registry on the loopback interface is
    /// reached so in any case, unless `authority` is given.
    pub plain_http: bool,
    /// The certificate authority of the registry in PEM, beside those that the system trusts.
    pub authority: Option<String>,
}

/// A bundle's place in a registry: `oci://HOST/REPOSITORY:TAG` or `oci://HOST/REPOSITORY@sha256:…`.
pub struct Registry {
    client: Client,
    reference: Reference,
    authentication: RegistryAuth,
    /// What was delivered last: a tag that still means that is not downloaded again.
    last: Option<Digest>,
}

/// Where a bundle was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The digest of the artifact's manifest, by which it can be pulled.
    pub artifact: Digest,
}

/// Why a registry did not deliver or take a bundle. Neither credentials nor signed addresses are part of it.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The reference is not one: a mistake of whoever wrote it.
    #[error("`{reference}` names no place in a registry: {reason}")]
    Reference {
        /// As it was written.
        reference: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificate authority cannot be used.
    #[error("the registry's certificate authority cannot be used")]
    Authority,
    /// Nobody answered, or not in time.
    #[error("the registry cannot be reached: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// The registry wants other credentials, or gives these no right.
    #[error("the registry refuses these credentials")]
    Unauthorized,
    /// There is nothing at this place.
    #[error("the registry has nothing at this place")]
    Missing,
    /// It answered something else than it should.
    #[error("the registry answered what was not asked: {reason}")]
    Answer {
        /// What was wrong.
        reason: String,
    },
    /// What came has another digest than what was asked for.
    #[error("what the registry sent has the digest {found}, and {expected} was asked for")]
    Digest {
        /// What was asked for.
        expected: String,
        /// What came.
        found: String,
    },
    /// The artifact is something else.
    #[error("the artifact is no bundle: {reason}")]
    NotABundle {
        /// Why not.
        reason: String,
    },
    /// The archive is none.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl Registry {
    /// A place in a registry. Nothing is asked yet.
    ///
    /// # Errors
    /// What is wrong with the reference, or that the certificate authority cannot be read.
    pub fn new(reference: &str, access: &Access) -> Result<Registry, RegistryError> {
        let place = reference::parse(reference)?;
        let client = client::new(&place, access)?;
        let authentication = match &access.credentials {
            Some((user, password)) => RegistryAuth::Basic(user.clone(), password.clone()),
            None => RegistryAuth::Anonymous,
        };
        Ok(Registry { client, reference: place, authentication, last: None })
    }

    /// The bundle that is there now, or nothing if it is the one that was delivered last.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn poll(&mut self) -> Result<Option<Delivery>, RegistryError> {
        let (manifest, digest) = self.manifest().await?;
        if self.last == Some(digest) {
            return Ok(None);
        }
        let delivery = self.delivery(&manifest).await?;
        self.last = Some(digest);
        Ok(Some(delivery))
    }

    /// The bundle that is there, and the digest of its artifact.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn pull(&self) -> Result<(Delivery, Digest), RegistryError> {
        let (manifest, digest) = self.manifest().await?;
        Ok((self.delivery(&manifest).await?, digest))
    }

    /// Puts a bundle there. The place must be a tag.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn push(&self, delivery: &Delivery) -> Result<Pushed, RegistryError> {
        if self.reference.digest().is_some() {
            let reference = format!("oci://{}", self.reference.whole());
            return Err(RegistryError::Reference { reference, reason: "to push, name a tag" });
        }
        let name = &delivery.bundle.manifest().name;
        let mut layers = vec![(BUNDLE, format!("{name}.bundle"), delivery.bundle.bytes().clone())];
        if !delivery.signatures.is_empty() {
            layers.push((SIGNATURE, format!("{name}.bundle.sig"), delivery.signatures.to_string().into()));
        }
        let operation = RegistryOperation::Push;
        client::in_time(SHORT, self.client.auth(&self.reference, &self.authentication, operation)).await?;
        let mut descriptors = Vec::new();
        for (media_type, title, content) in layers {
            let mut descriptor = described(media_type, &content);
            descriptor.annotations = Some([(TITLE.to_owned(), title)].into());
            let digest = descriptor.digest.clone();
            client::in_time(LONG, self.client.push_blob(&self.reference, content, &digest)).await?;
            descriptors.push(descriptor);
        }
        let empty = Bytes::from_static(b"{}");
        let config = described(EMPTY, &empty);
        client::in_time(SHORT, self.client.push_blob(&self.reference, empty, &config.digest)).await?;
        let manifest = OciImageManifest {
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            artifact_type: Some(BUNDLE.to_owned()),
            config,
            layers: descriptors,
            ..OciImageManifest::default()
        };
        let refused = |error: serde_json::Error| RegistryError::Answer { reason: error.to_string() };
        let manifest = Bytes::from(serde_json::to_vec(&manifest).map_err(refused)?);
        let artifact = Digest::of(&manifest);
        let content_type = client::content_type(OCI_IMAGE_MEDIA_TYPE);
        client::in_time(SHORT, self.client.push_manifest_raw(&self.reference, manifest, content_type))
            .await?;
        Ok(Pushed { artifact })
    }

    async fn manifest(&self) -> Result<(OciImageManifest, Digest), RegistryError> {
        let asked =
            self.client.pull_manifest_raw(&self.reference, &self.authentication, &[OCI_IMAGE_MEDIA_TYPE]);
        let (text, _) = client::in_time(SHORT, asked).await?;
        let digest = Digest::of(&text);
        if let Some(expected) = self.reference.digest()
            && expected != digest.to_string()
        {
            return Err(RegistryError::Digest { expected: expected.to_owned(), found: digest.to_string() });
        }
        if text.len() > MANIFEST {
            return Err(not_a_bundle(&format!("its manifest is larger than {MANIFEST} bytes")));
        }
        let manifest: OciImageManifest = serde_json::from_slice(&text)
            .map_err(|_| not_a_bundle("its manifest is not that of an artifact"))?;
        Ok((manifest, digest))
    }

    async fn delivery(&self, manifest: &OciImageManifest) -> Result<Delivery, RegistryError> {
        let (archive, signatures) = match &manifest.layers[..] {
            [archive] if archive.media_type == BUNDLE => (archive, None),
            [archive, signatures] if archive.media_type == BUNDLE && signatures.media_type == SIGNATURE => {
                (archive, Some(signatures))
            }
            _ => return Err(not_a_bundle("its layers are not an archive and, if it is signed, signatures")),
        };
        let bundle = Bundle::read(self.layer(archive, limits::ARCHIVE).await?)?;
        let signatures = match signatures {
            Some(layer) => {
                let text = self.layer(layer, SIGNATURES).await?;
                let text =
                    std::str::from_utf8(&text).map_err(|_| not_a_bundle("its signatures are no text"))?;
                Signatures::parse(text).map_err(|error| not_a_bundle(&error.to_string()))?
            }
            None => Signatures::none(),
        };
        Ok(Delivery { bundle, signatures })
    }

    /// A layer, which must be as large as it says and have the digest that it says. The addresses that the manifest may
    /// name besides are not asked.
    async fn layer(&self, layer: &OciDescriptor, limit: usize) -> Result<Bytes, RegistryError> {
        let expected: Digest =
            layer.digest.parse().map_err(|_| not_a_bundle("a layer has no SHA-256 digest"))?;
        let size = usize::try_from(layer.size).ok().filter(|size| *size <= limit);
        let size = size.ok_or_else(|| not_a_bundle(&format!("a layer is larger than {limit} bytes")))?;
        client::in_time(LONG, async {
            let mut stream = self.client.pull_blob_stream(&self.reference, layer.digest.as_str()).await?;
            let mut content = BytesMut::new();
            while let Some(chunk) = stream.try_next().await? {
                if content.len() + chunk.len() > size {
                    return Ok(Err(not_a_bundle("a layer is larger than it says")));
                }
                content.extend_from_slice(&chunk);
            }
            let found = Digest::of(&content);
            if found != expected {
                let (expected, found) = (expected.to_string(), found.to_string());
                return Ok(Err(RegistryError::Digest { expected, found }));
            }
            Ok(Ok(content.freeze()))
        })
        .await?
    }
}

fn described(media_type: &str, content: &[u8]) -> OciDescriptor {
    OciDescriptor {
        media_type: media_type.to_owned(),
        digest: Digest::of(content).to_string(),
        // Bounded by the limits of this crate, far below.
        size: i64::try_from(content.len()).unwrap_or(i64::MAX),
        ..OciDescriptor::default()
    }
}

fn not_a_bundle(reason: &str) -> RegistryError {
    RegistryError::NotABundle { reason: reason.to_owned() }
}
