/*
 * The session of examples/sessions/sklearn.aria, as a compiler lowers it to C. Each statement stands behind its line.
 */
#include "lower.h"

#define LINE(number) line("sklearn.aria", number)

/* One for each `extern Python` line that is used. */
static AriaPy *slot_datasets, *slot_lm, *slot_selection, *slot_pipeline, *slot_preprocessing, *slot_tree, *slot_py;

/* py.format(x, ".3f") */
static const char *shown(double x)
{
    AriaPy *py = aria_py_import_cached_or_exit(&slot_py, "builtins", -1);
    return aria_py_to_str_or_exit(call(py, "format", args("ds", x, ".3f")));
}

static AriaPy *regression(AriaPy *lm)
{
    return call(lm, "LogisticRegression", args("=i", "max_iter", 500));
}

static void fitted(AriaPy *lm, AriaPy *x, AriaPy *y)
{
    AriaPy *selection = aria_py_import_cached_or_exit(&slot_selection, "sklearn.model_selection", -1);
    LINE(21);
    AriaPy *parts[4];
    AriaPyArgs *wanted = args("pp =d =i", x, y, "test_size", 0.3, "random_state", 0);
    LINE(22);
    aria_py_unpack_or_exit(call(selection, "train_test_split", wanted), parts, 4);
    AriaPy *x_train = parts[0], *x_test = parts[1], *y_train = parts[2], *y_test = parts[3];
    LINE(23);
    println("ll", aria_py_len_or_exit(x_train), aria_py_len_or_exit(x_test));

    LINE(26);
    AriaPy *preprocessing = aria_py_import_cached_or_exit(&slot_preprocessing, "sklearn.preprocessing", -1);
    AriaPy *pipeline = aria_py_import_cached_or_exit(&slot_pipeline, "sklearn.pipeline", -1);
    AriaPyArgs *steps = args("pp", call(preprocessing, "StandardScaler", NULL), regression(lm));
    AriaPy *model = call(pipeline, "make_pipeline", steps);
    LINE(27);
    AriaPy *accuracy = call(call(model, "fit", args("pp", x_train, y_train)), "score", args("pp", x_test, y_test));
    println("ss", "accuracy", shown(aria_py_to_float_or_exit(accuracy)));

    LINE(33);
    AriaPy *answer = call(model, "predict", args("p", x_test));
    AriaNdArray *predicted = aria_nd_from_py_or_exit(answer, "int64", -1, 1, ARIA_ND_NO_COPY);
    int64_t right = 0;
    LINE(36);
    for (int64_t i = 0; i < aria_nd_len_or_exit(predicted); i++) {
        const int64_t scope = aria_bridge_scope_enter();
        AriaPy *truth = aria_py_item_or_exit(y_test, i);
        if (aria_nd_get_int_or_exit(predicted, i) == aria_py_to_int_or_exit(truth)) right += 1;
        aria_bridge_scope_leave(scope);
    }
    println("slsl", "right", right, "of", aria_nd_len_or_exit(predicted));
}

static void validated(AriaPy *lm, AriaPy *x, AriaPy *y)
{
    AriaPy *selection = aria_py_import_cached_or_exit(&slot_selection, "sklearn.model_selection", -1);
    LINE(43);
    AriaPyArgs *wanted = args("ppp =i =i", regression(lm), x, y, "cv", 3, "n_jobs", 2);
    AriaPy *scores = call(selection, "cross_val_score", wanted);
    LINE(44);
    const double mean = aria_py_to_float_or_exit(call(scores, "mean", NULL));
    println("sls", "cross validation", aria_py_len_or_exit(scores), shown(mean));
    LINE(45);
    AriaPyIter *iterator = aria_py_iter_or_exit(scores);
    for (AriaPy *score; (score = aria_py_next_or_exit(iterator)) != NULL;) {
        println("sp", "  above 0.9:", aria_py_op_or_exit(ARIA_PY_GT, score, aria_py_from_float_or_exit(0.9)));
    }

    LINE(50);
    static const int64_t depths[] = {1, 2, 3};
    AriaPy *tree = aria_py_import_cached_or_exit(&slot_tree, "sklearn.tree", -1);
    AriaPy *classifier = call(tree, "DecisionTreeClassifier", args("=i", "random_state", 0));
    AriaPy *grid = aria_py_from_dict_or_exit(args("=a", "max_depth", ints(3, depths)));
    AriaPy *search = call(selection, "GridSearchCV", args("pp =i", classifier, grid, "cv", 3));
    LINE(51);
    call(search, "fit", args("pp", x, y));
    LINE(52);
    println("sp", "best depth", item(get(search, "best_params_"), args("s", "max_depth")));
}

/* `try_py`: what fails answers NULL, and its error is taken. */
static void refused(AriaPy *lm, AriaPy *x, AriaPy *y)
{
    LINE(60);
    AriaPy *early = aria_py_call_method(call(lm, "LinearRegression", NULL), "predict", -1, args("p", x));
    AriaBridgeError *error = aria_bridge_error_take();
    println("s", early == NULL ? aria_bridge_error_kind(error) : "predicted");
    LINE(64);
    AriaPyArgs *wanted = args("pp", item(x, args("ri", 0, 10, 0)), item(y, args("r", 0, 10)));
    AriaPy *flat = aria_py_call_method(call(lm, "LinearRegression", NULL), "fit", -1, wanted);
    error = aria_bridge_error_take();
    const int told = flat == NULL && strstr(aria_bridge_error_message(error), "2D array") != NULL;
    println("sb", flat == NULL ? aria_bridge_error_kind(error) : "fitted", told);
}

int main(void)
{
    aria_py_start_or_exit();
    const int64_t scope = aria_bridge_scope_enter();
    LINE(3);
    AriaPy *datasets = aria_py_import_cached_or_exit(&slot_datasets, "sklearn.datasets", -1);
    AriaPy *lm = aria_py_import_cached_or_exit(&slot_lm, "sklearn.linear_model", -1);
    LINE(18);
    AriaPy *both[2];
    aria_py_unpack_or_exit(call(datasets, "load_iris", args("=b", "return_X_y", 1)), both, 2);
    AriaPy *x = both[0], *y = both[1];
    LINE(19);
    println("pp", get(x, "shape"), get(y, "dtype"));
    fitted(lm, x, y);
    validated(lm, x, y);
    LINE(55);
    AriaPy *petals = item(x, args("rr", 0, 50, 2, 4));
    LINE(56);
    AriaPy *mask = aria_py_op_or_exit(ARIA_PY_EQ, y, aria_py_from_int_or_exit(2));
    println("pp", get(petals, "shape"), call(mask, "sum", NULL));
    refused(lm, x, y);
    aria_bridge_scope_leave(scope);
    aria_py_end_or_exit();
    return 0;
}
