//! Content codings (H15). The backend is asked for `identity`; what it codes all the same is decoded, one layer of
//! it, in bounded steps and up to a ratio.

use bytes::{Buf, Bytes};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{BrotliDecoder, DecodeV2, GzipDecoder, ZlibDecoder, ZstdDecoder};
use compression_core::util::{PartialBuffer, WriteBuffer};
use http::{HeaderMap, header};

use crate::rescue::Cause;

/// Most bytes decoded in one step.
const STEP: usize = 32 << 10;
/// Decoded bytes to which no ratio applies: small bodies may compress very well.
const SLACK: u64 = 1 << 20;
/// The largest window that RFC 9659 lets a sender of zstd use: 8 MiB.
const ZSTD_WINDOW: u32 = 23;

/// A content coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Brotli,
    Zstd,
    Deflate,
}

impl Coding {
    /// The coding that a response head names. `None`: identity.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Coding>, Cause> {
        let mut coding = None;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let text = value.to_str().map_err(|_| Cause::Response("unreadable Content-Encoding"))?;
            for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let lower = name.to_ascii_lowercase();
                let found = match lower.as_str() {
                    "identity" => continue,
                    "gzip" | "x-gzip" => Coding::Gzip,
                    "br" => Coding::Brotli,
                    "zstd" => Coding::Zstd,
                    "deflate" => Coding::Deflate,
                    _ => return Err(Cause::Response("unknown content coding")),
                };
                if coding.replace(found).is_some() {
                    return Err(Cause::Response("more than one content coding"));
                }
            }
        }
        Ok(coding)
    }
}

/// Undoes a content coding: bytes in by [`Decoder::feed`], at most [`STEP`] bytes out by each [`Decoder::step`].
pub(crate) struct Decoder {
    inner: Box<dyn DecodeV2 + Send>,
    input: Bytes,
    taken: u64,
    given: u64,
    limit: u64,
    ratio: u64,
    /// The last step filled its buffer, so there may be more without further input.
    more: bool,
    ended: bool,
}

impl Decoder {
    pub(crate) fn new(coding: Coding, limit: u64, ratio: u64) -> Decoder {
        let inner: Box<dyn DecodeV2 + Send> = match coding {
            Coding::Gzip => Box::new(GzipDecoder::new()),
            Coding::Brotli => Box::new(BrotliDecoder::new()),
            Coding::Zstd => {
                Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(ZSTD_WINDOW)]))
            }
            Coding::Deflate => Box::new(ZlibDecoder::new()),
        };
        Decoder { inner, input: Bytes::new(), taken: 0, given: 0, limit, ratio, more: false, ended: false }
    }

    /// However much comes, it is decoded, up to the ratio.
    pub(crate) fn without_end(&mut self) {
        self.limit = u64::MAX;
    }

    /// Takes a chunk. The one before must have been used up: [`Decoder::step`] has answered `None`.
    pub(crate) fn feed(&mut self, chunk: Bytes) {
        debug_assert!(self.input.is_empty(), "a chunk is still being decoded");
        self.taken += chunk.len() as u64;
        self.input = chunk;
    }

    /// The next decoded bytes. `None`: more input is needed.
    pub(crate) fn step(&mut self) -> Result<Option<Bytes>, Cause> {
        while !self.input.is_empty() || self.more {
            if self.ended {
                return Err(Cause::Body("bytes after the end of the coded body".into()));
            }
            let mut buffer = vec![0; STEP];
            let mut input = PartialBuffer::new(&self.input[..]);
            let mut output = WriteBuffer::new_initialized(&mut buffer);
            let ended = self.inner.decode(&mut input, &mut output);
            let (read, written) = (input.written_len(), output.written_len());
            self.ended = ended.map_err(|_| Cause::Body("not what its content coding says".into()))?;
            self.input.advance(read);
            self.more = written == STEP && !self.ended;
            self.given += written as u64;
            if self.given > self.limit
                || self.given > SLACK.saturating_add(self.taken.saturating_mul(self.ratio))
            {
                return Err(Cause::Body("decodes to more than is allowed".into()));
            }
            if written > 0 {
                buffer.truncate(written);
                return Ok(Some(buffer.into()));
            }
            if read == 0 && !self.ended {
                break;
            }
        }
        Ok(None)
    }

    /// Says that there is no more input. A coded body that is cut is an error, not an end (H12).
    pub(crate) fn finish(&mut self) -> Result<(), Cause> {
        if self.ended { Ok(()) } else { Err(Cause::Body("coded body broken off".into())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
    use tokio::io::AsyncWriteExt;

    async fn coded(coding: Coding, plain: &[u8]) -> Vec<u8> {
        macro_rules! encode {
            ($encoder:ident) => {{
                let mut encoder = $encoder::new(Vec::new());
                encoder.write_all(plain).await.unwrap();
                encoder.shutdown().await.unwrap();
                encoder.into_inner()
            }};
        }
        match coding {
            Coding::Gzip => encode!(GzipEncoder),
            Coding::Brotli => encode!(BrotliEncoder),
            Coding::Zstd => encode!(ZstdEncoder),
            Coding::Deflate => encode!(ZlibEncoder),
        }
    }

    fn decode(coding: Coding, bytes: &[u8], pace: usize, ratio: u64) -> Result<Vec<u8>, Cause> {
        let mut decoder = Decoder::new(coding, 1 << 30, ratio);
        let mut plain = Vec::new();
        for chunk in bytes.chunks(pace) {
            decoder.feed(Bytes::copy_from_slice(chunk));
            while let Some(piece) = decoder.step()? {
                plain.extend_from_slice(&piece);
            }
        }
        decoder.finish()?;
        Ok(plain)
    }

    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Brotli, Coding::Zstd, Coding::Deflate];

    #[tokio::test]
    async fn h15_every_coding_decodes_at_any_pace() {
        let plain = (0..60_000u32).flat_map(|n| n.to_string().into_bytes()).collect::<Vec<_>>();
        for coding in ALL {
            let bytes = coded(coding, &plain).await;
            for pace in [1, 7, 4096, bytes.len()] {
                assert!(decode(coding, &bytes, pace, 200).unwrap() == plain, "{coding:?} by {pace}");
            }
        }
    }

    #[tokio::test]
    async fn h15_a_cut_or_longer_body_is_an_error() {
        for coding in ALL {
            let bytes = coded(coding, b"{\"data\":[1,2,3]}").await;
            assert!(decode(coding, &bytes[..bytes.len() - 1], 4096, 200).is_err(), "{coding:?} cut");
            assert!(decode(coding, &[], 4096, 200).is_err(), "{coding:?} empty");
            let longer = [&bytes[..], b"x"].concat();
            assert!(decode(coding, &longer, 4096, 200).is_err(), "{coding:?} longer");
        }
    }

    #[tokio::test]
    async fn h15_a_bomb_is_an_error() {
        let zeros = vec![0; 32 << 20];
        for coding in ALL {
            let bytes = coded(coding, &zeros).await;
            assert!(decode(coding, &bytes, 4096, 200).is_err(), "{coding:?}");
        }
    }
}
