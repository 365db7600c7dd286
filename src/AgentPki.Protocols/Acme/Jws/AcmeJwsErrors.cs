using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography.Jose;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme.Jws;

/// <summary>The one table from what is wrong with a JWS to what ACME says of it (RFC 8555 §6.2, §6.7).</summary>
internal static class AcmeJwsErrors
{
    public static AcmeRequestError ToAcme(this JoseError error) => error.Kind switch
    {
        JoseErrorKind.Malformed => new(AcmeErrorType.Malformed, error.Text),
        JoseErrorKind.TooLarge => new(AcmeErrorType.Malformed, error.Text) { Status = StatusCodes.Status413PayloadTooLarge },
        JoseErrorKind.Key => new(AcmeErrorType.BadPublicKey, error.Text),
        JoseErrorKind.Algorithm => BadAlgorithm(error.Text, JwsAlgorithm.SignatureNames),
    };

    public static AcmeRequestError Malformed(string detail) => new(AcmeErrorType.Malformed, detail);

    public static AcmeRequestError BadAlgorithm(string detail, IReadOnlyList<string> algorithms) => new(AcmeErrorType.BadSignatureAlgorithm, detail) { Algorithms = algorithms };

    /// <summary>The algorithm and the key do not belong together; null when they do.</summary>
    public static AcmeRequestError? CheckFit(JwsAlgorithm algorithm, Cryptography.PublicKey key) => algorithm.Fits(key.Algorithm)
        ? null
        : JwsAlgorithm.For(key.Algorithm) is { } fitting
            ? BadAlgorithm($"The alg {algorithm} does not go with the key, which is {key.Algorithm}; use {fitting}.", [.. JwsAlgorithm.All.Where(a => a.Fits(key.Algorithm)).Select(a => a.Name)])
            : new(AcmeErrorType.BadPublicKey, $"A key of kind {key.Algorithm} signs no JWS here; use another key.");
}
