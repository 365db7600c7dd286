using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>RFC 8555 §7.6.</summary>
internal static class RevocationRefusals
{
    public static IEnumerable<AcmeRefusal> All => [.. Payloads(), .. Reasons(), .. Signers()];

    private static IEnumerable<AcmeRefusal> Payloads() =>
    [
        new("revocation of nothing", 400, "malformed", Trace.Account, async w => await w.Client.PostAsync(await w.Client.UrlAsync("revokeCert"), [])),
        new("revocation of octets that are no certificate", 400, "malformed", Trace.Account, w => RevokeAsync(w, RandomNumberGenerator.GetBytes(300))),
        new("revocation of a certificate of another CA", 404, "malformed", Trace.Account, w =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return RevokeAsync(w, new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(99)).RawData);
        }),
        new("revocation of a certificate with another signature", 404, "malformed", Trace.Account, async w =>
        {
            var der = await ObtainAsync(w);
            der[^1] ^= 1;
            return await RevokeAsync(w, der);
        }),
        new("revocation twice", 400, "alreadyRevoked", Trace.Account, async w =>
        {
            var der = await ObtainAsync(w);
            Assert.Null((await RevokeAsync(w, der)).Problem);
            return await RevokeAsync(w, der);
        }),
    ];

    private static IEnumerable<AcmeRefusal> Reasons() =>
    [
        .. new[] { 2, 6, 7, 8, 10, 11, -1, 1000 }.Select(reason => new AcmeRefusal(
            $"revocation for reason {reason}", 400, "badRevocationReason", Trace.Account, async w => await RevokeAsync(w, await ObtainAsync(w), JsonValue.Create(reason)))),
        new("revocation for a reason that is a text", 400, "malformed", Trace.Account, async w => await RevokeAsync(w, await ObtainAsync(w), JsonValue.Create("keyCompromise"))),
    ];

    private static IEnumerable<AcmeRefusal> Signers() =>
    [
        new("revocation by another account", 403, "unauthorized", Trace.Account, async w => await RevokeAsync(w, await ObtainAsync(await RefusalWorld.NewAsync(w.Server)))),
        new("revocation by a stranger's key", 403, "unauthorized", Trace.Stranger, async w =>
        {
            var der = await ObtainAsync(w);
            var stranger = w.Server.Client();
            return await stranger.PostAsync(await stranger.UrlAsync("revokeCert"), new JsonObject { ["certificate"] = Base64Url.EncodeToString(der) });
        }),
        new("revocation by an ended account", 401, "unauthorized", Trace.Account, async w =>
        {
            var der = await ObtainAsync(w);
            Assert.Null((await w.Client.PostAsync(w.Client.Account!, new JsonObject { ["status"] = "deactivated" })).Problem);
            return await RevokeAsync(w, der);
        }) { EndsAccount = true },
    ];

    private static async Task<byte[]> ObtainAsync(RefusalWorld w) => (await w.Client.ObtainAsync(null, null, ("dns", RefusalWorld.NewName()))).Certificate.RawData;

    private static async Task<AcmeTestAnswer> RevokeAsync(RefusalWorld w, byte[] der, JsonNode? reason = null)
    {
        var payload = new JsonObject { ["certificate"] = Base64Url.EncodeToString(der) };
        if (reason is not null)
        {
            payload["reason"] = reason;
        }

        return await w.Client.PostAsync(await w.Client.UrlAsync("revokeCert"), payload);
    }
}
