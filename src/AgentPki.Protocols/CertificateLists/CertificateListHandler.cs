using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Http;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.CertificateLists;

/// <summary>Serves the objects; each with one strong entity tag for its octets.</summary>
internal sealed class CertificateListHandler(CertificateListServices services)
{
    private readonly ConditionalWeakTable<CertificateListRecord, CacheableObject> _lists = [];
    private readonly ConcurrentDictionary<string, CacheableObject> _certificates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CacheableObject> _chains = new(StringComparer.Ordinal);

    public async Task CertificateListAsync(HttpContext context)
    {
        if (await services.Current(Authority(context), context.RequestAborted) is not { } list)
        {
            NotFound(context);
            return;
        }

        var now = services.Time.GetUtcNow();
        var rest = list.NextUpdate - now;
        await _lists.GetValue(list, static l => new CacheableObject(l.Der, "application/pkix-crl", l.ThisUpdate))
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

    private static void NotFound(HttpContext context) => context.Response.StatusCode = StatusCodes.Status404NotFound;
}
