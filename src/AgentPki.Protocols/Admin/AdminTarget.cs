using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace AgentPki.Protocols.Admin;

/// <summary>What a call is about beside its body: the parameters of its path and of its query, from the wire or from a request that waited.</summary>
/// <param name="Text">Path below the API's root and query, as they came: what a second person sees, and what is read again when he has said yes.</param>
internal sealed record AdminTarget(string Text, RouteValueDictionary Path, IReadOnlyDictionary<string, StringValues> Query)
{
    public const int MaximumLength = 2048;

    /// <summary>Of a call that came by HTTP.</summary>
    public static AdminTarget Of(HttpContext context)
    {
        var path = context.Request.Path.ToUriComponent();
        var text = (path.StartsWith(AdminEndpoints.Root, StringComparison.Ordinal) ? path[AdminEndpoints.Root.Length..] : path) + context.Request.QueryString.ToUriComponent();
        return new AdminTarget(text, context.Request.RouteValues, context.Request.Query.ToDictionary(q => q.Key, q => q.Value, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Of a call that was kept: the same text means the same, or nothing.</summary>
    public static bool TryParse(string text, string template, [NotNullWhen(true)] out AdminTarget? target)
    {
        target = null;
        var mark = text.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (text, "") : (text[..mark], text[mark..]);
        var values = new RouteValueDictionary();
        if (!path.StartsWith('/') || !new TemplateMatcher(TemplateParser.Parse(template.TrimStart('/')), []).TryMatch(PathString.FromUriComponent(path), values))
        {
            return false;
        }

        target = new AdminTarget(text, values, new Dictionary<string, StringValues>(QueryHelpers.ParseQuery(query), StringComparer.OrdinalIgnoreCase));
        return true;
    }
}
