namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>
/// Composite ML-DSA keys (draft-ietf-lamps-pq-composite-sigs-19) over providers that keep their halves: a classical token and a post-quantum one, one
/// token that has both, or software. The private key is never in one piece: each half stays where it was generated.
/// </summary>
public sealed class CompositeProvider : ICryptoProvider
{
    public const string ProviderName = "composite";

    private readonly CryptoProviders _halves;

    /// <param name="halves">In order of preference: those that may keep halves, and those that verify them.</param>
    public CompositeProvider(params IEnumerable<ICryptoProvider> halves) => _halves = new CryptoProviders(halves);

    public string Name => ProviderName;

    /// <summary>The least that a key of this provider can have; <see cref="ProtectionFor"/> says it of one kind.</summary>
    public KeyProtection Protection => _halves.All.Min(p => p.Protection);

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm)
    {
        if (algorithm.Composite is not { } parts)
        {
            return KeyCapabilities.None;
        }

        var verifies = _halves.For(parts.MlDsa, KeyCapabilities.Verify) is not null && _halves.For(parts.Traditional, KeyCapabilities.Verify) is not null;
        return (verifies ? KeyCapabilities.Verify : KeyCapabilities.None) | (WhyNotSigned(algorithm) is null ? KeyCapabilities.Generate | KeyCapabilities.Sign : KeyCapabilities.None);
    }

    /// <summary>Why no key of that kind can be made here, in one sentence; null when it can.</summary>
    public string? WhyNotSigned(KeyAlgorithm algorithm)
    {
        if (algorithm.Composite is not { } parts)
        {
            return $"{algorithm} is not a composite.";
        }

        var missing = new[] { parts.MlDsa, parts.Traditional }.Where(half => KeeperOf(half) is null).Select(half => half.Name).ToList();
        return missing.Count == 0 ? null : $"No provider here makes {string.Join(" and ", missing)} keys.";
    }

    /// <summary>How a new key of that kind would be kept: as its worse half. Null when none can be made.</summary>
    public KeyProtection? ProtectionFor(KeyAlgorithm algorithm) =>
        algorithm.Composite is { } parts && KeeperOf(parts.MlDsa) is { } first && KeeperOf(parts.Traditional) is { } second
            ? first.Protection < second.Protection ? first.Protection : second.Protection
            : null;

    KeyProtection ICryptoProvider.ProtectionFor(KeyAlgorithm algorithm) => ProtectionFor(algorithm) ?? Protection;

    /// <summary>The providers that would keep the halves of a new key of that kind, the ML-DSA half's first; null when none can be made.</summary>
    public (ICryptoProvider MlDsa, ICryptoProvider Traditional)? KeepersOf(KeyAlgorithm algorithm) =>
        algorithm.Composite is { } parts && KeeperOf(parts.MlDsa) is { } first && KeeperOf(parts.Traditional) is { } second ? (first, second) : null;

    /// <summary>
    /// Generates both halves afresh. A half that an interrupted run left under the same name is taken: it has signed nothing, since a half signs for its
    /// whole alone.
    /// </summary>
    public async ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (spec.Algorithm.Composite is not { } parts)
        {
            throw new NotSupportedException($"{spec.Algorithm} is not a composite.");
        }

        if (spec.Purpose == KeyPurpose.Subject)
        {
            return await GenerateForSubjectAsync(spec, parts, cancellationToken);
        }

        if (WhyNotSigned(spec.Algorithm) is { } reason)
        {
            throw new NotSupportedException(reason);
        }

        if (await OpenAsync(spec.Label, cancellationToken) is { } existing)
        {
            await existing.DisposeAsync();
            throw new InvalidOperationException($"A key labelled '{spec.Label}' exists already; nothing was changed.");
        }

        var mlDsa = await HalfAsync(parts.MlDsa, CompositeLabels.MlDsa(spec.Label, spec.Purpose), spec.Backup, cancellationToken);
        try
        {
            var traditional = await HalfAsync(parts.Traditional, CompositeLabels.Traditional(spec.Label, CompositeLabels.PaddingMark(spec.Algorithm)), spec.Backup, cancellationToken);
            return new CompositeSigningKey(new(ProviderName, spec.Label), spec.Algorithm, spec.Purpose, mlDsa, traditional);
        }
        catch
        {
            await mlDsa.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken)
    {
        foreach (var purpose in CompositeLabels.Purposes)
        {
            if (await FindAsync(CompositeLabels.MlDsa(label, purpose), cancellationToken) is not { } mlDsa)
            {
                continue;
            }

            foreach (var padding in CompositeLabels.PaddingMarks)
            {
                if (await FindAsync(CompositeLabels.Traditional(label, padding), cancellationToken) is { } traditional)
                {
                    return Join(label, purpose, mlDsa, traditional, padding);
                }
            }

            await mlDsa.DisposeAsync();
        }

        return null;
    }

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        algorithm.Fits(key.Algorithm) && CompositeSignature.Verify(_halves, key, message, signature, default);

    private ICryptoProvider? KeeperOf(KeyAlgorithm half) => _halves.For(half, KeyCapabilities.Generate | KeyCapabilities.Sign);

    private static CompositeSigningKey Join(string label, KeyPurpose purpose, ISigningKey mlDsa, ISigningKey traditional, string padding)
    {
        var algorithm = KeyAlgorithm.All.FirstOrDefault(a =>
            a.Composite is { } parts && parts.MlDsa == mlDsa.Algorithm && parts.Traditional == traditional.Algorithm && CompositeLabels.PaddingMark(a) == padding)
            ?? throw new InvalidOperationException($"The halves of key '{label}' are {mlDsa.Algorithm} and {traditional.Algorithm}, which no composite joins.");
        return new CompositeSigningKey(new(ProviderName, label), algorithm, purpose, mlDsa, traditional);
    }

    private async ValueTask<ISigningKey?> FindAsync(string label, CancellationToken cancellationToken)
    {
        foreach (var provider in _halves.All)
        {
            if (await provider.OpenAsync(label, cancellationToken) is not { } found)
            {
                continue;
            }

            if (found.Purpose == KeyPurpose.CompositeHalf)
            {
                return found;
            }

            await found.DisposeAsync();
            throw new InvalidOperationException($"Key '{label}' of provider '{provider.Name}' stands where half of a composite key belongs, and is for {found.Purpose}.");
        }

        return null;
    }

    private async ValueTask<ISigningKey> HalfAsync(KeyAlgorithm algorithm, string label, KeyBackup backup, CancellationToken cancellationToken)
    {
        if (await FindAsync(label, cancellationToken) is { } left)
        {
            if (left.Algorithm == algorithm)
            {
                return left;
            }

            await left.DisposeAsync();
            throw new InvalidOperationException($"An interrupted run left half of a composite key as '{label}', a {left.Algorithm} key where {algorithm} is wanted. Choose another name, or the same algorithm.");
        }

        var keeper = KeeperOf(algorithm) ?? throw new NotSupportedException($"No provider here makes {algorithm} keys.");
        return await keeper.GenerateAsync(new KeySpec(label, algorithm, KeyPurpose.CompositeHalf, backup), cancellationToken);
    }

    /// <summary>A key made on behalf of a subject is handed out whole: both halves are made in software.</summary>
    private async ValueTask<ISigningKey> GenerateForSubjectAsync(KeySpec spec, CompositeDefinition parts, CancellationToken cancellationToken)
    {
        await using var mlDsa = await SubjectHalfAsync(parts.MlDsa, spec.Label, cancellationToken);
        await using var traditional = await SubjectHalfAsync(parts.Traditional, spec.Label, cancellationToken);
        return CompositeSoftwareKey.Join(spec.Label, spec.Purpose, spec.Algorithm, mlDsa, traditional);
    }

    private async ValueTask<SoftwareSigningKey> SubjectHalfAsync(KeyAlgorithm algorithm, string label, CancellationToken cancellationToken)
    {
        var maker = _halves.All.FirstOrDefault(p => p.Protection == KeyProtection.Software && p.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Generate))
            ?? throw new NotSupportedException($"No software provider makes {algorithm} keys.");
        return (SoftwareSigningKey)await maker.GenerateAsync(new KeySpec(label, algorithm, KeyPurpose.Subject), cancellationToken);
    }
}
