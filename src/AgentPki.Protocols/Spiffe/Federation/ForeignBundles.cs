using System.Collections.Immutable;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>The newest bundle of each foreign trust domain that is followed.</summary>
public sealed class ForeignBundles
{
    private ImmutableDictionary<string, BundleDocument> _known = ImmutableDictionary<string, BundleDocument>.Empty;

    /// <summary>Null: the domain is not followed, or nothing was heard of it yet.</summary>
    /// <param name="trustDomain">Without <c>spiffe://</c>.</param>
    public BundleDocument? Find(string trustDomain) => Volatile.Read(ref _known).GetValueOrDefault(trustDomain);

    /// <summary>Takes a bundle in the place of an older one. False: it is older than what is known (§4.1.1), and was not taken.</summary>
    public bool TryTake(string trustDomain, BundleDocument bundle)
    {
        if (Find(trustDomain) is { Sequence: { } known } && bundle.Sequence is { } sequence && sequence < known)
        {
            return false;
        }

        ImmutableInterlocked.AddOrUpdate(ref _known, trustDomain, bundle, (_, _) => bundle);
        return true;
    }
}
