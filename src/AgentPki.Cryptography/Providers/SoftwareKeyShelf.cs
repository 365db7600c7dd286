using System.Collections.Concurrent;

namespace AgentPki.Cryptography.Providers;

/// <summary>The keys a software provider has made, by label, as long as the process lives.</summary>
internal sealed class SoftwareKeyShelf
{
    private readonly ConcurrentDictionary<string, Entry> _keys = new(StringComparer.Ordinal);

    /// <summary>Keeps the key, unless it is a subject's: those are handed out and forgotten.</summary>
    /// <exception cref="InvalidOperationException">The label is taken.</exception>
    public void Keep(SoftwareSigningKey key) => Keep(key, key.ExportPkcs8);

    /// <inheritdoc cref="Keep(SoftwareSigningKey)"/>
    public void Keep(SoftwareDecapsulationKey key) => Keep(key, key.ExportPkcs8);

    /// <summary>The signing key of that label.</summary>
    public bool TryGetSigning(string label, out byte[] pkcs8, out KeyPurpose purpose) => TryGet(label, signs: true, out pkcs8, out purpose);

    /// <summary>The decapsulation key of that label.</summary>
    public bool TryGetDecapsulation(string label, out byte[] pkcs8, out KeyPurpose purpose) => TryGet(label, signs: false, out pkcs8, out purpose);

    private bool TryGet(string label, bool signs, out byte[] pkcs8, out KeyPurpose purpose)
    {
        var found = _keys.TryGetValue(label, out var entry) && entry.Signs == signs;
        (pkcs8, purpose) = found && entry is not null ? (entry.Pkcs8, entry.Purpose) : ([], default);
        return found;
    }

    private void Keep(IPrivateKey key, Func<byte[]> export)
    {
        if (key.Purpose != KeyPurpose.Subject && !_keys.TryAdd(key.Reference.Label, new Entry(export(), key.Purpose, key.Algorithm.CanSign)))
        {
            throw new InvalidOperationException($"A key labelled '{key.Reference.Label}' exists already.");
        }
    }

    private sealed record Entry(byte[] Pkcs8, KeyPurpose Purpose, bool Signs);
}
