namespace AgentPki.Cryptography.Providers.Pinned.Hashing;

/// <summary>A hash function of the SHA-2 family (FIPS 180-4 §6).</summary>
/// <typeparam name="TWord">32 or 64 bits; a block has 16 of them, the state eight.</typeparam>
internal interface ISha2Function<TWord>
    where TWord : unmanaged
{
    /// <summary>As many as the message schedule has words.</summary>
    static abstract int Rounds { get; }

    /// <summary>The initial hash value.</summary>
    static abstract ReadOnlySpan<TWord> Initial { get; }

    /// <summary>A word, big-endian.</summary>
    static abstract void Write(Span<byte> destination, TWord word);

    /// <summary>One block into the state.</summary>
    static abstract void Compress(Span<TWord> state, Span<TWord> schedule, ReadOnlySpan<byte> block);
}
