using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace AgentPki.Protocols.Spiffe.Attestation.Unix;

/// <summary>SHA-256 over programs that run, computed once for each file as it is.</summary>
internal sealed class ExecutableDigests
{
    private const long Longest = 512 * 1024 * 1024;
    private const int Most = 1024;
    private readonly ConcurrentDictionary<FileIdentity, string> _known = new();

    /// <summary>Hexadecimal; null when the program cannot be read, or is longer than 512 MiB.</summary>
    public async ValueTask<string?> OfAsync(string processFolder, CancellationToken cancellationToken)
    {
        var path = $"{processFolder}/exe";
        if (ExecutableFile.Identify(path) is not { } file || file.Length > Longest)
        {
            return null;
        }

        if (_known.TryGetValue(file, out var digest))
        {
            return digest;
        }

        try
        {
            await using var octets = File.OpenRead(path);
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(octets, cancellationToken));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // Changed while it was read: the next question computes it again.
        if (ExecutableFile.Identify(path) != file)
        {
            return null;
        }

        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        return _known[file] = digest;
    }
}
