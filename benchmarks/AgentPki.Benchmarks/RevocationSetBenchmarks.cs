using System.Buffers.Binary;
using System.Security.Cryptography;
using AgentPki.Ledger.Revocations;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>The set behind a snapshot of the feed: made of serial numbers, looked up in, and taken apart into the buckets that followers fetch.</summary>
[MemoryDiagnoser]
public class RevocationSetBenchmarks
{
    private readonly byte[] _issuer = RandomNumberGenerator.GetBytes(20);
    private byte[] _octets = [];
    private RevocationSet? _set;
    private RevocationSetServing? _serving;
    private RevocationMember[] _asked = [];
    private int _next;

    [Params(10_000, 100_000, 1_000_000)]
    public int Revoked { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        using var output = new MemoryStream();
        RevocationSetCommitment commitment = Write(output);
        _octets = output.ToArray();
        _set = RevocationSet.TryRead(_octets, commitment, out RevocationSet? set, out string? error) ? set : throw new InvalidOperationException(error);
        _serving = new RevocationSetServing(set);
        // Half of them are members.
        _asked = [.. Enumerable.Range(0, 1024).Select(i => Member(i % 2 == 0 ? i : Revoked + i))];
    }

    /// <summary>Hashes every serial number, sorts, compresses, and builds the Merkle tree: all of a snapshot but reading the store and one signature.</summary>
    [Benchmark]
    public long Build()
    {
        using var output = new MemoryStream(_octets.Length);
        return Write(output).Octets;
    }

    /// <summary>What a follower does with a whole set: decompresses it and checks it against what was signed.</summary>
    [Benchmark]
    public bool ReadWhole() => RevocationSet.TryRead(_octets, _set!.Commitment, out _, out _);

    [Benchmark]
    public bool LookUp() => _set!.Contains(_asked[_next++ & 1023]);

    /// <summary>One bucket with its path, as it is served.</summary>
    [Benchmark]
    public int ServeBucket() => _serving!.BucketWithPath(_asked[_next++ & 1023].BucketOf(_set!.Commitment.BucketBits))!.Length;

    private RevocationSetCommitment Write(Stream output)
    {
        using var builder = new RevocationSetBuilder();
        for (int i = 0; i < Revoked; i++)
            builder.Add(Member(i));
        return builder.Write(output);
    }

    private RevocationMember Member(int number)
    {
        Span<byte> serial = stackalloc byte[20];
        serial[0] = 0x40;
        BinaryPrimitives.WriteInt32BigEndian(serial[1..], number);
        return RevocationMember.Of(_issuer, serial);
    }
}
