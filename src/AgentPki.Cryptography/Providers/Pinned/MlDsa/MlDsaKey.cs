using System.Runtime.InteropServices;
using System.Security.Cryptography;
using static AgentPki.Cryptography.Providers.Pinned.MlDsa.MlDsaParameters;

namespace AgentPki.Cryptography.Providers.Pinned.MlDsa;

/// <summary>An ML-DSA private key, expanded from its seed: FIPS 204 algorithm 6, and what algorithm 7 computes of the key alone.</summary>
internal sealed class MlDsaKey : PinnedKey
{
    private readonly MlDsaParameters _set;
    private readonly PinnedMemory _memory;
    private readonly byte[] _publicKey;

    /// <exception cref="ArgumentException">The seed is not that public key's.</exception>
    public MlDsaKey(KeyAlgorithm algorithm, ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey)
        : base(algorithm)
    {
        _set = MlDsaParameters.Of(algorithm);
        _publicKey = new byte[_set.PublicKeySize];
        _memory = new PinnedMemory((((_set.K * _set.L) + _set.L + (2 * _set.K)) * N * sizeof(int)) + 128);
        GenerateInternal(seed);
        if (!publicKey.IsEmpty && !publicKey.SequenceEqual(_publicKey))
        {
            ((IDisposable)_memory).Dispose();
            throw new ArgumentException("The seed is not that of the public key.", nameof(publicKey));
        }
    }

    // The layout of the key's memory, in polynomials, then octets.
    private Span<int> S1 => Part(0, _set.L);

    private Span<int> S2 => Part(_set.L, _set.K);

    private Span<int> T0 => Part(_set.L + _set.K, _set.K);

    private Span<int> A => Part(_set.L + (2 * _set.K), _set.K * _set.L);

    private Span<byte> Tr => _memory.GetSpan()[^128..^64];

    private Span<byte> KeyForMasks => _memory.GetSpan()[^64..^32];

    /// <summary>All secrets of the expanded key as they lie in memory: s1, s2 and t0 in the transform's domain; K.</summary>
    internal (byte[] Transformed, byte[] K) SecretsForTests() =>
        (MemoryMarshal.AsBytes(Part(0, _set.L + (2 * _set.K))).ToArray(), KeyForMasks.ToArray());

    public override byte[] PublicKeyBits() => (byte[])_publicKey.Clone();

    protected override void Dispose(bool disposing) => ((IDisposable)_memory).Dispose();

    private Span<int> Part(int from, int count) => MemoryMarshal.Cast<byte, int>(_memory.GetSpan()[..^128]).Slice(from * N, count * N);

    /// <summary>Algorithm 6, ML-DSA.KeyGen_internal(ξ).</summary>
    private void GenerateInternal(ReadOnlySpan<byte> seed)
    {
        var (k, l) = (_set.K, _set.L);
        using var work = new PinnedMemory(((k + l + 1) * N * sizeof(int)) + 128 + 64 + Sampling.MemorySize);
        var sampling = new Sampling(_set, work);
        // 1: (ρ, ρ′, K) ← H(ξ || IntegerToBytes(k, 1) || IntegerToBytes(ℓ, 1), 128)
        var expanded = work.Take<byte>(128);
        sampling.H().Absorb(seed).Absorb([(byte)k, (byte)l]).Squeeze(expanded);
        var rho = _publicKey.AsSpan(0, 32);
        expanded[..32].CopyTo(rho);
        expanded[96..].CopyTo(KeyForMasks);
        // 3: Â ← ExpandA(ρ)
        sampling.ExpandA(rho, A);
        // 4: (s1, s2) ← ExpandS(ρ′)
        sampling.ExpandS(expanded[32..96], S1, S2);
        // 5: t ← NTT⁻¹(Â ∘ NTT(s1)) + s2
        var t = work.Take<int>(k * N);
        var product = work.Take<int>(N);
        Ring.Ntt(S1);
        for (var r = 0; r < k; r++)
        {
            Ring.MultiplyRow(A.Slice(r * l * N, l * N), S1, t.Slice(r * N, N), product);
        }

        Ring.InverseNtt(t);
        Ring.Add(t, S2);
        Ring.Normalize(t);
        // 6: (t1, t0) ← Power2Round(t)
        for (var i = 0; i < t.Length; i++)
        {
            (t[i], T0[i]) = Rounding.Power2Round(t[i]);
        }

        // 8: pk ← pkEncode(ρ, t1): algorithm 22, 10 bits to the coefficient
        for (var r = 0; r < k; r++)
        {
            Packing.Pack(t.Slice(r * N, N), 10, 0, 1, _publicKey.AsSpan(32 + (r * 320), 320));
        }

        // 9: tr ← H(pk, 64)
        sampling.H().Absorb(_publicKey).Squeeze(Tr);
        // Algorithm 7, 2-4: ŝ1 ← NTT(s1), ŝ2 ← NTT(s2), t̂0 ← NTT(t0)
        Ring.Ntt(S2);
        Ring.Ntt(T0);
    }

    /// <summary>Algorithm 2, ML-DSA.Sign(sk, M, ctx), and algorithm 7, ML-DSA.Sign_internal(sk, M′, rnd), which it ends in.</summary>
    private protected override byte[] SignCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, bool deterministic)
    {
        var (k, l, gamma2, beta) = (_set.K, _set.L, _set.Gamma2, _set.Beta);
        using var work = new PinnedMemory((((3 * l) + (4 * k) + 2) * N * sizeof(int)) + 1024 + Sampling.MemorySize + (_set.K * N));
        var sampling = new Sampling(_set, work);
        var mu = work.Take<byte>(64);
        var mask = work.Take<byte>(64);
        var random = work.Take<byte>(32);
        // Algorithm 2, 5: rnd ← 32 random octets (hedged), or zeros (deterministic)
        if (!deterministic)
        {
            RandomNumberGenerator.Fill(random);
        }

        // Algorithm 2, 10: M′ ← BytesToBits(IntegerToBytes(0, 1) || IntegerToBytes(|ctx|, 1) || ctx) || M
        // 6: μ ← H(BytesToBits(tr) || M′, 64)
        sampling.H().Absorb(Tr).Absorb([0, (byte)context.Length]).Absorb(context).Absorb(message).Squeeze(mu);
        // 7: ρ″ ← H(K || rnd || μ, 64)
        sampling.H().Absorb(KeyForMasks).Absorb(random).Absorb(mu).Squeeze(mask);

        var y = work.Take<int>(l * N);
        var transformed = work.Take<int>(l * N);
        var z = work.Take<int>(l * N);
        var w = work.Take<int>(k * N);
        var high = work.Take<int>(k * N);
        var product = work.Take<int>(k * N);
        var c = work.Take<int>(N);
        var packed = work.Take<byte>(k * N);
        var challenge = work.Take<byte>(_set.ChallengeSize);
        // 8: κ ← 0; 10: while (z, h) = ⊥; 31: κ ← κ + ℓ
        for (var kappa = 0; ; kappa += l)
        {
            // 11: y ← ExpandMask(ρ″, κ)
            sampling.ExpandMask(mask, kappa, y);
            // 12: w ← NTT⁻¹(Â ∘ NTT(y))
            y.CopyTo(transformed);
            Ring.Ntt(transformed);
            for (var r = 0; r < k; r++)
            {
                Ring.MultiplyRow(A.Slice(r * l * N, l * N), transformed, w.Slice(r * N, N), product[..N]);
            }

            Ring.InverseNtt(w);
            Ring.Normalize(w);
            // 13: w1 ← HighBits(w); the low bits take w's place
            for (var i = 0; i < w.Length; i++)
            {
                (high[i], w[i]) = Rounding.Decompose(w[i], gamma2);
            }

            // 15: c̃ ← H(μ || w1Encode(w1), λ/4)
            var encoded = packed[..(k * N * _set.HighBitsSize / 8)];
            Packing.Pack(high, _set.HighBitsSize, 0, 1, encoded);
            sampling.H().Absorb(mu).Absorb(encoded).Squeeze(challenge);
            // 16: c ← SampleInBall(c̃); 17: ĉ ← NTT(c)
            sampling.SampleInBall(challenge, c);
            Ring.Ntt(c);
            // 18: ⟨⟨cs1⟩⟩ ← NTT⁻¹(ĉ ∘ ŝ1); 20: z ← y + ⟨⟨cs1⟩⟩
            TimesChallenge(c, S1, z);
            Ring.Add(z, y);
            Ring.Reduce(z);
            // 23: if ||z||∞ ≥ γ1 - β …: again
            if (Ring.IsLarge(z, _set.Gamma1 - beta))
            {
                continue;
            }

            // 19: ⟨⟨cs2⟩⟩ ← NTT⁻¹(ĉ ∘ ŝ2); 21: r0 ← LowBits(w - ⟨⟨cs2⟩⟩), which is LowBits(w) - ⟨⟨cs2⟩⟩ wherever the check lets it pass
            TimesChallenge(c, S2, product);
            Ring.Subtract(w, product);
            Ring.Reduce(w);
            // 23: … or ||r0||∞ ≥ γ2 - β: again
            if (Ring.IsLarge(w, gamma2 - beta))
            {
                continue;
            }

            // 25: ⟨⟨ct0⟩⟩ ← NTT⁻¹(ĉ ∘ t̂0); 28: if ||⟨⟨ct0⟩⟩||∞ ≥ γ2 …: again
            TimesChallenge(c, T0, product);
            Ring.Reduce(product);
            if (Ring.IsLarge(product, gamma2))
            {
                continue;
            }

            // 26: h ← MakeHint(-⟨⟨ct0⟩⟩, w - ⟨⟨cs2⟩⟩ + ⟨⟨ct0⟩⟩); 28: … or more than ω ones in h: again
            Ring.Add(w, product);
            var ones = 0;
            for (var i = 0; i < w.Length; i++)
            {
                w[i] = Rounding.MakeHint(w[i], high[i], gamma2);
                ones += w[i];
            }

            if (ones > _set.Omega)
            {
                continue;
            }

            // 33: σ ← sigEncode(c̃, z mod± q, h)
            return Encode(challenge, z, w);
        }
    }

    /// <summary>Algorithm 26, sigEncode(c̃, z, h). Only here does anything leave the pinned memory.</summary>
    private byte[] Encode(ReadOnlySpan<byte> challenge, ReadOnlySpan<int> z, ReadOnlySpan<int> h)
    {
        var signature = new byte[_set.SignatureSize];
        // 1: σ ← c̃
        challenge.CopyTo(signature);
        for (var i = 0; i < _set.L; i++)
        {
            // 3: σ ← σ || BitPack(z[i], γ1 - 1, γ1)
            Packing.Pack(z.Slice(i * N, N), _set.Gamma1Bits + 1, _set.Gamma1, -1, signature.AsSpan(_set.ChallengeSize + (i * _set.ResponseSize), _set.ResponseSize));
        }

        // 5: σ ← σ || HintBitPack(h)
        Packing.PackHint(h, _set.Omega, signature.AsSpan(^(_set.Omega + _set.K)..));
        return signature;
    }

    /// <summary>target = NTT⁻¹(ĉ ∘ vector), within ±q.</summary>
    private static void TimesChallenge(ReadOnlySpan<int> c, ReadOnlySpan<int> vector, Span<int> target)
    {
        for (var at = 0; at < vector.Length; at += N)
        {
            Ring.Multiply(c, vector.Slice(at, N), target.Slice(at, N));
        }

        Ring.InverseNtt(target[..vector.Length]);
    }
}
