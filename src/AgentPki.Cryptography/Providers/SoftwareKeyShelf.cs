using System.Collections.Concurrent;

namespace AgentPki.Cryptography.Providers;

/// <summary>The keys a software provider has made, by label, as long as the process lives.</summary>
internal sealed class SoftwareKeyShelf
{
    private readonly ConcurrentDictionary<string, (byte[] Pkcs8, KeyPurpose Purpose)> _keys = new(StringComparer.Ordinal);

    public void Add(string label, SoftwareSigningKey key)
    {
        if (!_keys.TryAdd(label, (key.ExportPkcs8(), key.Purpose)))
        {
            throw new InvalidOperationException($"A key labelled '{label}' exists already.");
        }
    }

    public bool TryGet(string label, out byte[] pkcs8, out KeyPurpose purpose)
    {
        var found = _keys.TryGetValue(label, out var entry);
        (pkcs8, purpose) = entry;
        return found;
    }
}
