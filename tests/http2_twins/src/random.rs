//! Random numbers that a seed repeats.

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// Whether one of `times` happens.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A length: mostly short, and at times over a frame.
    pub fn length(&mut self) -> usize {
        let bound = self.pick(&[2, 20, 200, 5_000, 40_000]);
        self.below(bound)
    }

    pub fn text(&mut self, bound: usize) -> String {
        let len = self.below(bound);
        (0..len)
            .map(|_| char::from(self.pick(b"abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_;=/")))
            .collect()
    }

    /// Some fields, as they are in heads and trailers.
    pub fn fields(&mut self) -> Vec<(String, String)> {
        let count = self.below(5);
        (0..count)
            .map(|_| {
                let name = self.pick(&[
                    "accept",
                    "user-agent",
                    "x-a",
                    "x-b",
                    "cookie",
                    "date",
                    "grpc-timeout",
                ]);
                let value = match self.below(3) {
                    0 => self.pick(&["*/*", "gzip, deflate", "1", "caf\u{e9}", ""]).to_owned(),
                    1 => self.text(12),
                    _ => self.text(200),
                };
                (name.to_owned(), value)
            })
            .collect()
    }
}
