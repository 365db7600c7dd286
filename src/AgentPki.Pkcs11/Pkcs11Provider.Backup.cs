using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

// One key in two tokens: wrapped by the one for the other (PKCS#11 v2.40 §5.13 C_WrapKey, C_UnwrapKey).
public sealed partial class Pkcs11Provider
{
    /// <summary>The RSA key of this token to which others wrap theirs, generated when there is none. Its fingerprint is compared by people: whoever swaps it, has the key.</summary>
    /// <exception cref="NotSupportedException">The token takes no wrapped keys (keyBackup: in token.yaml).</exception>
    /// <exception cref="InvalidOperationException">A key of that label is for something else.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<PublicKey> OpenTransportKeyAsync(string label, CancellationToken cancellationToken)
    {
        _ = BackupWrapping();
        var opened = await OpenKeyAsync(label, cancellationToken);
        return opened.PublicKey is not { } publicKey ? await GenerateKeyAsync(new KeySpec(label, KeyAlgorithm.Rsa3072, KeyPurpose.KeyTransport), cancellationToken)
            : opened.Purpose == KeyPurpose.KeyTransport ? publicKey
            : throw new InvalidOperationException($"The key '{label}' is for {opened.Purpose}: name another for the transport.");
    }

    /// <summary>Wraps a key for the token that holds <paramref name="transportKey"/>.</summary>
    /// <exception cref="InvalidOperationException">There is no such key, or its ceremony chose another method.</exception>
    /// <exception cref="ArgumentException">The transport key is no RSA key.</exception>
    /// <exception cref="NotSupportedException">The token wraps no keys (keyBackup: in token.yaml).</exception>
    /// <exception cref="TokenCallException">The token refused.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<TransportedKey> ExportKeyAsync(string label, PublicKey transportKey, CancellationToken cancellationToken)
    {
        var how = BackupWrapping();
        if (transportKey.Algorithm != KeyAlgorithm.Rsa3072 || !_pool.Options.Token.Keys.TryGetValue(KeyAlgorithm.Rsa3072, out var rsa))
        {
            throw new ArgumentException($"Keys are wrapped for an {KeyAlgorithm.Rsa3072} key of the other token, not for one of {transportKey.Algorithm}.", nameof(transportKey));
        }

        var opened = await OpenKeyAsync(label, cancellationToken);
        var publicKey = opened.PublicKey ?? throw new InvalidOperationException($"The token '{_pool.Options.TokenLabel}' has no key '{label}'.");
        var pair = await _pool.RunAsync(new ExportKeyOperation(Object(label), label, transportKey, rsa, how, _pool.Options.CallDeadline), cancellationToken);
        var source = $"{_pool.Options.TokenLabel} ({_pool.Connection?.Token.Serial ?? "serial unknown"})";
        return new(source, label, opened.Purpose, publicKey, transportKey, pair.Key, pair.PassingKey);
    }

    /// <summary>Unwraps a key that another token wrapped for this one, and proves by a signature that it is the one that is expected. It may leave again in the same way.</summary>
    /// <param name="transportLabel">Of this token's key to which it was wrapped.</param>
    /// <param name="publicKeySha256">SHA-256 of the SubjectPublicKeyInfo of the key that is expected, hexadecimal; from its certificate, never from the file.</param>
    /// <exception cref="InvalidOperationException">Another key, wrapped for another token, or one of that label exists; nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The token takes no wrapped keys, or not of that kind.</exception>
    /// <exception cref="CryptographicException">What is wrapped does not open: it was changed.</exception>
    /// <exception cref="TokenCallException">The token refused.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    public async ValueTask<ISigningKey> ImportKeyAsync(TransportedKey key, string transportLabel, string publicKeySha256, CancellationToken cancellationToken)
    {
        var how = BackupWrapping();
        var actual = Convert.ToHexStringLower(SHA256.HashData(key.PublicKey.SubjectPublicKeyInfo.Span));
        if (!string.Equals(actual, publicKeySha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException($"The file holds the key with the SHA-256 {actual}, not {publicKeySha256}; nothing was changed.");
        }

        var transport = await OpenKeyAsync(transportLabel, cancellationToken);
        if (transport is not { Purpose: KeyPurpose.KeyTransport, PublicKey: { } own } || !own.Equals(key.TransportKey))
        {
            throw new InvalidOperationException($"The key was not wrapped for the key '{transportLabel}' of the token '{_pool.Options.TokenLabel}'; nothing was changed.");
        }

        if (!_pool.Options.Token.Keys.TryGetValue(key.PublicKey.Algorithm, out var use) || !how.Kinds.Contains(key.PublicKey.Algorithm) || KeyRoles.RoleOf(key.PublicKey.Algorithm, key.Purpose) != KeyRole.Sign)
        {
            throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' takes no {key.PublicKey.Algorithm} keys for {key.Purpose}.");
        }

        await _generating.WaitAsync(cancellationToken);
        try
        {
            await _pool.RunAsync(new ImportKeyOperation(key, Object(transportLabel), use, how, _pool.Options.GenerationDeadline), cancellationToken);
        }
        finally
        {
            _generating.Release();
        }

        return await ProvenAsync(key, use);
    }

    private async Task<ISigningKey> ProvenAsync(TransportedKey key, KeyUse use)
    {
        Exception? failure = null;
        var imported = Key(key.Label, key.Purpose, key.PublicKey);
        try
        {
            var algorithm = key.Purpose == KeyPurpose.CompositeHalf ? HalfSignature(key.PublicKey.Algorithm) : key.PublicKey.Algorithm.DefaultSignature;
            var message = RandomNumberGenerator.GetBytes(32);
            var signature = await imported.SignAsync(algorithm, message, CancellationToken.None);
            if (Verify(key.PublicKey, algorithm, message, signature))
            {
                return imported;
            }
        }
        catch (Exception e) when (e is TokenCallException or NotSupportedException or KeyUnavailableException)
        {
            failure = e;
        }

        await imported.DisposeAsync();
        await _pool.RunAsync(new RemoveKeyOperation(key.Label, _pool.Options.CallDeadline), CancellationToken.None);
        throw new InvalidOperationException($"What was unwrapped does not sign as the key '{key.Label}' ({use.Algorithm}), and was removed again. {failure?.Message}".TrimEnd(), failure);
    }

    /// <summary>A method that the token does not offer, or not for keys of that kind, is no choice: better known now than on the day it is needed.</summary>
    private void RequireOffered(KeySpec spec)
    {
        var backup = _pool.Options.Token.Backup;
        if (spec.Backup != KeyBackup.None && !backup.Methods.Contains(spec.Backup))
        {
            throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' offers no backup by '{spec.Backup.ToText()}' (keyBackup: in token.yaml).");
        }

        if (spec.Backup == KeyBackup.Wrapped && backup.Wrapping?.Kinds.Contains(spec.Algorithm) != true)
        {
            throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' wraps no {spec.Algorithm} keys (keyBackup.keys: in token.yaml).");
        }
    }

    /// <summary>Half of a composite signs as that and nothing else: as half of the first composite that has such a half.</summary>
    private static SignatureAlgorithm HalfSignature(KeyAlgorithm half) =>
        KeyAlgorithm.All.Where(k => k.Composite is not null).SelectMany(k => new[] { SignatureAlgorithm.MlDsaHalfOf(k), SignatureAlgorithm.TraditionalHalfOf(k) }).First(s => s.Fits(half));

    private TokenBackupWrapping BackupWrapping() => _pool.Options.Token.Backup.Wrapping
        ?? throw new NotSupportedException($"The token '{_pool.Options.TokenLabel}' wraps no keys for other tokens (keyBackup: in token.yaml).");
}
