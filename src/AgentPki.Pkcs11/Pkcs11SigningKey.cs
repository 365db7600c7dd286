using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11;

/// <summary>A private key inside a token, used by reference.</summary>
internal sealed class Pkcs11SigningKey(Pkcs11Provider provider, TokenPool pool, KeyReference reference, KeyPurpose purpose, PublicKey publicKey) : ISigningKey
{
    private readonly string _tokenLabel = TokenKeyLabel.Of(purpose, reference.Label);

    // The last use, since a key signs with one algorithm nearly always: looked up once, its operation named once.
    private volatile Use? _use;

    public KeyReference Reference => reference;

    public KeyAlgorithm Algorithm => publicKey.Algorithm;

    public KeyPurpose Purpose => purpose;

    public KeyProtection Protection => KeyProtection.Token;

    public PublicKey PublicKey => publicKey;

    public async ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (!algorithm.Fits(Algorithm))
        {
            throw new ArgumentException($"{algorithm} does not fit a key of {Algorithm}.", nameof(algorithm));
        }

        var use = _use is { } last && last.Algorithm == algorithm ? last : _use = new(algorithm, provider.UseFor(algorithm) ?? throw new NotSupportedException($"The token cannot make {algorithm} signatures."));
        var input = use.Mechanism.Input(message.Span);
        var signature = await pool.RunAsync(use.Operation, session => Sign(session, use.Mechanism, input), cancellationToken);
        return use.Mechanism.Output(signature);
    }

    /// <summary>Nothing to release: the handle belongs to the connection.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private byte[] Sign(TokenSession session, MechanismUse use, byte[] input)
    {
        var handle = session.Find(CKO.CKO_PRIVATE_KEY, _tokenLabel)
            ?? throw new KeyUnavailableException($"The token no longer holds the key '{_tokenLabel}'. Restore the token from its backup.", TimeSpan.FromSeconds(30));
        using var mechanism = use.Create(TokenModule.Factories);
        return session.Raw.Sign(mechanism, handle, input);
    }

    private sealed record Use(SignatureAlgorithm Algorithm, MechanismUse Mechanism)
    {
        public string Operation { get; } = $"C_Sign({NewerMechanisms.NameOf(Mechanism.Mechanism)})";
    }
}
