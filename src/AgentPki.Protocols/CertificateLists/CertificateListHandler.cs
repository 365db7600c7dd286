using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.CertificateLists;

/// <summary>Serves the objects; each with one strong entity tag for its octets.</summary>
internal sealed class CertificateListHandler(CertificateListServices services)
{
    private const string ListType = "application/pkix-crl";
    private readonly ConditionalWeakTable<PublishedList, CacheableObject> _lists = [];
    private readonly ConcurrentDictionary<string, CacheableObject> _certificates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CacheableObject> _chains = new(StringComparer.Ordinal);

    public Task CompleteAsync(HttpContext context) => CertificateListAsync(context, isDelta: false);

    public Task DeltaAsync(HttpContext context) => CertificateListAsync(context, isDelta: true);

    private async Task CertificateListAsync(HttpContext context, bool isDelta)
    {
        if (await services.Current(new CertificateListScope(Authority(context), Shard(context), isDelta), context.RequestAborted) is not { } list)
        {
            NotFound(context);
            return;
        }

        var now = services.Time.GetUtcNow();
        var rest = list.Record.NextUpdate - now;
        await _lists.GetValue(list, static l => l.Octets is { } octets
                ? new CacheableObject(octets, ListType, l.Record.ThisUpdate)
                : new CacheableObject(l.Path, l.Record.Length, l.Record.Sha256, ListType, l.Record.ThisUpdate))
            .WriteAsync(context, now, rest < services.CacheLifetime ? rest : services.CacheLifetime);
    }

    public Task CertificateAsync(HttpContext context) => ChainObjectAsync(context, _certificates, "application/pkix-cert", static chain => chain[0].Der.ToArray());

    public Task ChainAsync(HttpContext context) => ChainObjectAsync(context, _chains, "application/pkcs7-mime; smime-type=certs-only", static chain => CertsOnly.Encode(chain.Select(c => c.Der)));

    private Task ChainObjectAsync(
        HttpContext context, ConcurrentDictionary<string, CacheableObject> known, string contentType, Func<IReadOnlyList<Certificate>, byte[]> encode)
    {
        var authority = Authority(context);
        if (!known.TryGetValue(authority, out var found))
        {
            var chain = services.Chain(authority);
            if (chain.Count == 0)
            {
                NotFound(context);
                return Task.CompletedTask;
            }

            found = known[authority] = new CacheableObject(encode(chain), contentType, chain[0].NotBefore);
        }

        return found.WriteAsync(context, services.Time.GetUtcNow(), services.CertificateCacheLifetime);
    }

    private static string Authority(HttpContext context) => context.Request.RouteValues["ca"] as string ?? "";

    private static int Shard(HttpContext context) => context.Request.RouteValues["shard"] is string text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    private static void NotFound(HttpContext context) => context.Response.StatusCode = StatusCodes.Status404NotFound;
}
