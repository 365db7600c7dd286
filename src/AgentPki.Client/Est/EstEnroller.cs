using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Client.Est;

/// <summary>A certificate that the agent holds, and its private key.</summary>
public sealed record EstIdentity(Certificate Certificate, ISigningKey Key);

/// <summary>What became of an enrolment, and the key that was made for it.</summary>
/// <param name="Key">A <see cref="SoftwareSigningKey"/>, or a <see cref="SoftwareDecapsulationKey"/>; the caller keeps it for as long as the outcome is pending, and disposes it.</param>
public sealed record EstEnrolledKey(EstEnrollment Outcome, IPrivateKey Key, byte[] Request)
{
    /// <summary>The second key, where the server asks for a pair (X.509 (2019) §9.8): the caller's like the first.</summary>
    public ISigningKey? Alternative { get; init; }
}

/// <summary>
/// Asks before it makes a key: the server's csrattrs name the kind, and whether the request may name a certificate that the agent has already (RFC 7030 §4.5, RFC 9908), so that a
/// change of a profile's algorithm reaches an agent without a change of its own.
/// </summary>
/// <param name="providers">Make the keys, in memory: the first that has the kind.</param>
/// <param name="preferred">What to make where the server leaves it to the client.</param>
public sealed class EstEnroller(EstClient client, CryptoProviders providers, KeyAlgorithm preferred)
{
    /// <summary>Asks for the kind of key, makes it, and enrols with it.</summary>
    /// <param name="held">
    /// A certificate that the agent has already, null when there is none. It states possession of a key that cannot sign for itself (ML-KEM; RFC 9883), and the request names it as the
    /// related certificate where the server offers that (RFC 9763): whether the new one names it then, <see cref="RelatedCertificates.Verify"/> says.
    /// </param>
    /// <exception cref="EstProtocolException">No usable answer, or a kind of key that cannot be made or asked for here; the message says which.</exception>
    public Task<EstEnrolledKey> EnrollAsync(X500Name subject, IReadOnlyList<GeneralName> names, EstIdentity? held, CancellationToken cancellationToken) =>
        EnrollAsync(subject, names, held, client.EnrollAsync, cancellationToken);

    /// <summary>The same for the certificate that the client authenticates with: another key, of the kind the server wants by now (RFC 7030 §4.2.2).</summary>
    /// <param name="held">The other certificate of a pair, which the renewed one is to name again; null: none.</param>
    /// <exception cref="EstProtocolException">As for an enrolment.</exception>
    public Task<EstEnrolledKey> ReenrollAsync(Certificate current, EstIdentity? held, CancellationToken cancellationToken) =>
        EnrollAsync(current.Subject, current.SubjectAlternativeNames, held, client.ReenrollAsync, cancellationToken);

    /// <summary>The kind of key that the server wants now.</summary>
    /// <exception cref="EstProtocolException">No usable answer, or a kind that this client does not know.</exception>
    public async Task<KeyAlgorithm> AskAsync(CancellationToken cancellationToken) => Kind((await client.GetWishesAsync(cancellationToken)).Key);

    private KeyAlgorithm Kind(RequestedKey wanted) => wanted switch
    {
        RequestedKey.Of(var algorithm) => algorithm,
        RequestedKey.Unknown(var oid) => throw new EstProtocolException($"The server wants keys of {oid}, which this client does not know: update it."),
        _ => preferred,
    };

    private async Task<EstEnrolledKey> EnrollAsync(
        X500Name subject, IReadOnlyList<GeneralName> names, EstIdentity? held, Func<ReadOnlyMemory<byte>, CancellationToken, Task<EstEnrollment>> send, CancellationToken cancellationToken)
    {
        var wishes = await client.GetWishesAsync(cancellationToken);
        var algorithm = Kind(wishes.Key);
        if (!algorithm.CanSign && held is null)
        {
            throw new EstProtocolException($"The server wants {algorithm} keys, which cannot sign a request: enrol a signing certificate first and name it (RFC 9883), or ask for serverkeygen.");
        }

        var key = await MakeAsync(algorithm, cancellationToken);
        ISigningKey? alternative = null;
        try
        {
            // A pair proves possession of both keys by signatures of both: beside a key that cannot sign there is none in the request.
            alternative = key is ISigningKey && wishes.Alternative is { CanSign: true } second ? await MakeAsync(second, cancellationToken) as ISigningKey : null;
            RequestAttribute[] related = wishes.RelatedCertificate && held is not null
                ? [await RelatedCertificateRequest.CreateAsync(held.Certificate, held.Key, client.Clock.GetUtcNow(), [], cancellationToken)]
                : [];
            var request = key is ISigningKey signing
                ? await Pkcs10Request.CreateAsync(subject, names, signing, new Pkcs10Options { AlternativeKey = alternative, Attributes = related }, cancellationToken)
                : await StateAsync(subject, names, key.PublicKey, held, related, cancellationToken);
            return new EstEnrolledKey(await send(request, cancellationToken), key, request) { Alternative = alternative };
        }
        catch
        {
            if (alternative is not null)
            {
                await alternative.DisposeAsync();
            }

            await key.DisposeAsync();
            throw;
        }
    }

    private static ValueTask<byte[]> StateAsync(
        X500Name subject, IReadOnlyList<GeneralName> names, PublicKey key, EstIdentity? held, RequestAttribute[] attributes, CancellationToken cancellationToken) => held is null
        ? throw new InvalidOperationException("Nobody states possession.")
        : Pkcs10Request.CreateAsync(subject, names, key, held.Key, new Pkcs10Options { PossessionBy = held.Certificate, Attributes = attributes }, cancellationToken);

    private async Task<IPrivateKey> MakeAsync(KeyAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var spec = new KeySpec("est-client", algorithm, KeyPurpose.Subject);
        if (algorithm.CanEncapsulate && providers.ForEncapsulation(algorithm, KeyCapabilities.Generate | KeyCapabilities.Decapsulate) is { } encapsulation)
        {
            return await encapsulation.GenerateDecapsulationKeyAsync(spec, cancellationToken);
        }

        return algorithm.CanSign && providers.For(algorithm, KeyCapabilities.Generate | KeyCapabilities.Sign) is { } provider
            ? await provider.GenerateAsync(spec, cancellationToken)
            : throw new EstProtocolException($"The server wants {algorithm} keys, and nothing here makes them.");
    }
}
