//! Takes bytes as they arrive and unpacks gzip, within a limit that holds for what comes out.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why there are no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnpackError {
    /// Too many.
    #[error("more than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// Not gzip, or only a part of it.
    #[error("damaged gzip: {reason}")]
    Damaged {
        /// What is wrong.
        reason: String,
    },
}

/// Takes bytes and keeps them unpacked. Nothing beyond the limit is ever held.
pub(super) struct Unpacker {
    stage: Stage,
    limit_bytes: u64,
}

enum Stage {
    Plain(Limited),
    Gzip(Box<MultiGzDecoder<Limited>>),
}

struct Limited {
    bytes: Vec<u8>,
    limit_bytes: u64,
    exceeded: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let total = (self.bytes.len() as u64).saturating_add(bytes.len() as u64);
        if total > self.limit_bytes {
            self.exceeded = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unpacker {
    /// For bytes that are said to be packed, or not.
    pub(super) fn new(gzip: bool, limit_bytes: u64) -> Self {
        let limited = Limited { bytes: Vec::new(), limit_bytes, exceeded: false };
        let stage =
            if gzip { Stage::Gzip(Box::new(MultiGzDecoder::new(limited))) } else { Stage::Plain(limited) };
        Self { stage, limit_bytes }
    }

    /// Takes more bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), UnpackError> {
        let written = match &mut self.stage {
            Stage::Plain(limited) => limited.write_all(bytes),
            Stage::Gzip(decoder) => decoder.write_all(bytes),
        };
        written.map_err(|error| self.error(&error))
    }

    /// All bytes. A file that was packed by itself, whatever was said of it, is unpacked too.
    pub(super) fn finish(self) -> Result<Vec<u8>, UnpackError> {
        let limit_bytes = self.limit_bytes;
        let bytes = self.finish_stage()?;
        if !bytes.starts_with(&GZIP) {
            return Ok(bytes);
        }
        let mut inner = Self::new(true, limit_bytes);
        inner.push(&bytes)?;
        inner.finish_stage()
    }

    fn finish_stage(mut self) -> Result<Vec<u8>, UnpackError> {
        if let Stage::Gzip(decoder) = &mut self.stage {
            let finished = decoder.try_finish();
            finished.map_err(|error| self.error(&error))?;
        }
        Ok(match &mut self.stage {
            Stage::Plain(limited) => std::mem::take(&mut limited.bytes),
            Stage::Gzip(decoder) => std::mem::take(&mut decoder.get_mut().bytes),
        })
    }

    fn error(&self, error: &io::Error) -> UnpackError {
        let limited = match &self.stage {
            Stage::Plain(limited) => limited,
            Stage::Gzip(decoder) => decoder.get_ref(),
        };
        if limited.exceeded {
            UnpackError::TooLarge { limit_bytes: self.limit_bytes }
        } else {
            UnpackError::Damaged { reason: error.to_string() }
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(gzip: bool, limit_bytes: u64, bytes: &[u8]) -> Result<Vec<u8>, UnpackError> {
        let mut unpacker = Unpacker::new(gzip, limit_bytes);
        for chunk in bytes.chunks(7) {
            unpacker.push(chunk)?;
        }
        unpacker.finish()
    }

    #[test]
    fn plain_packed_and_twice_packed_bytes_come_out_the_same() {
        let bytes = b"0 ISS (ZARYA)\n".repeat(100);
        assert_eq!(unpacked(false, 10_000, &bytes).unwrap(), bytes);
        assert_eq!(unpacked(false, 10_000, &packed(&bytes)).unwrap(), bytes);
        assert_eq!(unpacked(true, 10_000, &packed(&bytes)).unwrap(), bytes);
        assert_eq!(unpacked(true, 10_000, &packed(&packed(&bytes))).unwrap(), bytes);
        assert_eq!(unpacked(true, 10_000, &packed(b"")).unwrap(), b"");
    }

    #[test]
    fn gzip_files_in_a_row_are_one() {
        let two = [packed(b"one "), packed(b"two")].concat();
        assert_eq!(unpacked(true, 100, &two).unwrap(), b"one two");
    }

    #[test]
    fn the_limit_is_for_what_comes_out_and_to_the_byte() {
        let bytes = vec![b'x'; 1000];
        let too_large = Err(UnpackError::TooLarge { limit_bytes: 999 });
        for (gzip, sent) in [(false, bytes.clone()), (true, packed(&bytes)), (false, packed(&bytes))] {
            assert_eq!(unpacked(gzip, 1000, &sent).as_ref(), Ok(&bytes));
            assert_eq!(unpacked(gzip, 999, &sent), too_large);
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_held() {
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let mut unpacker = Unpacker::new(true, 1 << 20);
        let refused = bomb.chunks(1000).position(|chunk| unpacker.push(chunk).is_err()).unwrap();
        assert!(refused < 5, "after {refused} kilobytes");
        let Stage::Gzip(decoder) = &unpacker.stage else { panic!("not gzip") };
        assert!(decoder.get_ref().bytes.len() <= 1 << 20);
    }

    #[test]
    fn a_part_of_a_file_and_what_is_none_are_refused() {
        let whole = packed(b"some text that is long enough to be packed into more than a few bytes");
        for length in 0..whole.len() {
            let part = unpacked(true, 1000, &whole[..length]);
            assert!(matches!(part, Err(UnpackError::Damaged { .. })), "{length}: {part:?}");
        }
        assert!(matches!(unpacked(true, 1000, b"plain text"), Err(UnpackError::Damaged { .. })));
        let mut flipped = whole.clone();
        let last = flipped.len() - 5;
        flipped[last] ^= 1;
        assert!(matches!(unpacked(true, 1000, &flipped), Err(UnpackError::Damaged { .. })));
    }
}
