using System.Buffers.Binary;
using AgentPki.Cryptography.Providers.Pinned.Hashing;
using static AgentPki.Cryptography.Providers.Pinned.MlDsa.MlDsaParameters;

namespace AgentPki.Cryptography.Providers.Pinned.MlDsa;

/// <summary>The pseudorandom sampling of FIPS 204 §7.3. All of its memory is the caller's.</summary>
internal readonly ref struct Sampling(MlDsaParameters parameters, PinnedMemory memory)
{
    private readonly Span<ulong> _state = memory.Take<ulong>(Keccak.StateLanes);
    private readonly Span<byte> _block = memory.Take<byte>(N * 20 / 8);
    private readonly Span<byte> _seed = memory.Take<byte>(66);

    /// <summary>The octets this takes of the memory it is given.</summary>
    public const int MemorySize = 1088;

    /// <summary>H of FIPS 204 §3.7: SHAKE256.</summary>
    public Keccak H() => new(_state, Keccak.Shake256Rate);

    /// <summary>Algorithm 32, ExpandA(ρ): a matrix of k rows and ℓ columns, row by row.</summary>
    public void ExpandA(ReadOnlySpan<byte> rho, Span<int> matrix)
    {
        for (var r = 0; r < parameters.K; r++)
        {
            for (var s = 0; s < parameters.L; s++)
            {
                // 3: ρ′ ← ρ || IntegerToBytes(s, 1) || IntegerToBytes(r, 1); 4: Â[r, s] ← RejNTTPoly(ρ′)
                RejNttPoly(Seed(rho, s | (r << 8)), matrix.Slice(((r * parameters.L) + s) * N, N));
            }
        }
    }

    /// <summary>Algorithm 33, ExpandS(ρ′): the secret vectors, coefficients within ±η.</summary>
    public void ExpandS(ReadOnlySpan<byte> rho, Span<int> s1, Span<int> s2)
    {
        for (var r = 0; r < parameters.L + parameters.K; r++)
        {
            // 2: s1[r] ← RejBoundedPoly(ρ′ || IntegerToBytes(r, 2)); 5: s2[r] ← RejBoundedPoly(ρ′ || IntegerToBytes(r + ℓ, 2))
            RejBoundedPoly(Seed(rho, r), r < parameters.L ? s1.Slice(r * N, N) : s2.Slice((r - parameters.L) * N, N));
        }
    }

    /// <summary>Algorithm 34, ExpandMask(ρ, μ): coefficients within -γ1 + 1 and γ1.</summary>
    public void ExpandMask(ReadOnlySpan<byte> rho, int mu, Span<int> y)
    {
        // 1: c ← 1 + bitlen(γ1 - 1)
        var (bits, octets) = (parameters.Gamma1Bits + 1, parameters.ResponseSize);
        for (var r = 0; r < parameters.L; r++)
        {
            // 3: ρ′ ← ρ || IntegerToBytes(μ + r, 2); 4: v ← H(ρ′, 32c)
            var v = _block[..octets];
            H().Absorb(Seed(rho, mu + r)).Squeeze(v);
            // 5: y[r] ← BitUnpack(v, γ1 - 1, γ1)
            Packing.Unpack(v, bits, parameters.Gamma1, y.Slice(r * N, N));
        }
    }

    /// <summary>Algorithm 29, SampleInBall(ρ): τ coefficients of ±1, the others 0. The challenge is public, or will be.</summary>
    public void SampleInBall(ReadOnlySpan<byte> rho, Span<int> c)
    {
        // 1: c ← 0; 3: ctx ← H.Absorb(H.Init(), ρ)
        c.Clear();
        var h = H().Absorb(rho);
        // 4: (ctx, s) ← H.Squeeze(ctx, 8); 5: h ← BytesToBits(s)
        h.Squeeze(_block[..8]);
        var signs = BinaryPrimitives.ReadUInt64LittleEndian(_block);
        // 6: for i from 256 - τ to 255
        for (var i = N - parameters.Tau; i < N; i++)
        {
            // 7: (ctx, j) ← H.Squeeze(ctx, 1); 8: while j > i
            int j;
            do
            {
                h.Squeeze(_block[..1]);
                j = _block[0];
            }
            while (j > i);

            // 11: c[i] ← c[j]; 12: c[j] ← (-1)^h[i + τ - 256]
            c[i] = c[j];
            c[j] = 1 - (2 * (int)(signs & 1));
            signs >>= 1;
        }
    }

    /// <summary>Algorithm 30, RejNTTPoly(ρ), of a public seed.</summary>
    private void RejNttPoly(ReadOnlySpan<byte> rho, Span<int> a)
    {
        var g = new Keccak(_state, Keccak.Shake128Rate).Absorb(rho);
        var block = _block[..Keccak.Shake128Rate];
        for (var j = 0; j < N;)
        {
            g.Squeeze(block);
            for (var at = 0; at < block.Length && j < N; at += 3)
            {
                // Algorithm 14, CoeffFromThreeBytes: 23 bits, refused from q on.
                var z = block[at] | (block[at + 1] << 8) | ((block[at + 2] & 0x7F) << 16);
                if (z < Q)
                {
                    a[j++] = z;
                }
            }
        }
    }

    /// <summary>Algorithm 31, RejBoundedPoly(ρ). Which half-octets are refused shows; what the others are does not.</summary>
    private void RejBoundedPoly(ReadOnlySpan<byte> rho, Span<int> a)
    {
        var h = H().Absorb(rho);
        var block = _block[..Keccak.Shake256Rate];
        for (var j = 0; j < N;)
        {
            h.Squeeze(block);
            for (var at = 0; at < 2 * block.Length && j < N; at++)
            {
                // Algorithm 15, CoeffFromHalfByte.
                var b = (block[at >> 1] >> (4 * (at & 1))) & 15;
                if (parameters.Eta == 2 && b < 15)
                {
                    // 1: return 2 - (b mod 5), without a division
                    a[j++] = 2 - (b - (((205 * b) >> 10) * 5));
                }
                else if (parameters.Eta == 4 && b < 9)
                {
                    // 3: return 4 - b
                    a[j++] = 4 - b;
                }
            }
        }
    }

    private ReadOnlySpan<byte> Seed(ReadOnlySpan<byte> rho, int number)
    {
        rho.CopyTo(_seed);
        BinaryPrimitives.WriteUInt16LittleEndian(_seed[rho.Length..], (ushort)number);
        return _seed[..(rho.Length + 2)];
    }
}
